/* The texts that scripts show, in the language of the page, as web/texts.py wrote them into it.

   Rule: no script holds a sentence of its own. */

const texts = JSON.parse(document.querySelector('meta[name="texts"]').content);

export const language = document.documentElement.lang;

const plurals = new Intl.PluralRules(language);

const fill = (template, values) => template.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

/** Return the text called `key`, its placeholders filled from `values`. */
export const text = (key, values = {}) => fill(texts[key], values);

/** Return the text called `key` in the form that `number` asks for. */
export function countText(key, number, values = {}) {
  const forms = texts[key];
  return fill(forms[plurals.select(number)] ?? forms.other, values);
}
