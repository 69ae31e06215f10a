/* The texts that scripts show, in the language of the page; web/texts.py has them, and a browser keeps
   them from page to page.

   Rule: no script holds a sentence of its own. Who imports this waits for a file, so nothing does that
   a first view needs. */

import { language } from "./language.js";

const texts = await (await fetch(document.querySelector('meta[name="texts"]').content)).json();

const plurals = new Intl.PluralRules(language);

const fill = (template, values) => template.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

/** Tell whether there is a text called `key`. */
export const has = (key) => key in texts;

/** Return the text called `key`, its placeholders filled from `values`. */
export const text = (key, values = {}) => fill(texts[key], values);

/** Return the text called `key` in the form that `number` asks for. */
export function countText(key, number, values = {}) {
  const forms = texts[key];
  return fill(forms[plurals.select(number)] ?? forms.other, values);
}
