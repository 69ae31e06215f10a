/* The texts that scripts show, in the language of the page: web/texts.py has them, and the server makes the
   catalog of them that lies beside the scripts.

   Rule: no script holds a sentence of its own. The catalog is large, so no script imports this that a
   first view needs. */

import texts from "./catalog.js";
import { language } from "./language.js";

/** What stands in the place of the placeholders of a text.
    @typedef {Record<string, unknown>} Values */

const plurals = new Intl.PluralRules(language);

/** @type {(template: string, values: Values) => string} */
const fill = (template, values) => template.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));

/** Tell whether there is a text called `key`.
    @type {(key: string) => boolean} */
export const has = (key) => key in texts;

/** Return the text called `key`, its placeholders filled from `values`.
    @type {(key: string, values?: Values) => string} */
export const text = (key, values = {}) => fill(texts[key], values);

/** Return the text called `key` in the form that `number` asks for.
    @type {(key: string, number: number, values?: Values) => string} */
export function countText(key, number, values = {}) {
  const forms = texts[key];
  return fill(forms[plurals.select(number)] ?? forms.other, values);
}
