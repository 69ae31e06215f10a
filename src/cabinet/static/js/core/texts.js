/* The texts of the scripts in the language of the page, from the catalog that the server builds (web/texts.py).

   Rule: scripts contain no sentences. The catalog is large, so no script of the first view imports this. */

import texts from "./catalog.js";
import { language } from "./language.js";

/** Values for the placeholders of a text.
    @typedef {Record<string, unknown>} Values */

const plurals = new Intl.PluralRules(language);

/** @type {(template: string, values: Values) => string} */
const fill = (template, values) => template.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));

/** Return whether there is a text with this key.
    @type {(key: string) => boolean} */
export const has = (key) => key in texts;

/** Return the text with this key, with its placeholders filled from `values`.
    @type {(key: string, values?: Values) => string} */
export const text = (key, values = {}) => fill(texts[key], values);

/** Return the text with this key in the plural form for `number`.
    @type {(key: string, number: number, values?: Values) => string} */
export function countText(key, number, values = {}) {
  const forms = texts[key];
  return fill(forms[plurals.select(number)] ?? forms.other, values);
}
