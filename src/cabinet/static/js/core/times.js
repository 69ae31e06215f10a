/* Times in the local time zone and locale; the server writes UTC.

   Rule: a list has thousands of times, so formatters are created once, names of days are cached, and the exact time
   is added only to a time under the pointer. */

import { around, parts } from "./dom.js";
import { language } from "./language.js";

// The browser's preferred variant of the page's language, such as "en-GB" for English.
const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** @type {Map<number | string, string>} */
const cache = new Map();
/** @type {(moment: Date, days?: number) => Date} */
const midnight = (moment, days = 0) =>
  new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + days);

/** Return the cached value of a key, created by `make` on first use.
    @type {(key: number | string, make: () => string) => string} */
function cached(key, make) {
  if (!cache.has(key)) {
    cache.set(key, make());
  }
  return /** @type {string} */ (cache.get(key));
}

/** @type {(moment: Date) => string} */
const dateOf = (moment) =>
  cached(moment.getFullYear() * 372 + moment.getMonth() * 31 + moment.getDate(), () => date.format(moment));

/** @type {(moment: Date) => string} */
const clockOf = (moment) => cached(`${moment.getHours()}:${moment.getMinutes()}`, () => clock.format(moment));

/** @type {(word: string) => string} */
const capitalized = (word) => word.charAt(0).toLocaleUpperCase(language) + word.slice(1);

/** Return a formatter relative to `now`: "today, 14:03", "yesterday, 14:03" or a date; capitalized where it comes
    first.
    @type {(now: Date) => (moment: Date, isFirst: boolean) => string} */
function makeFormatter(now) {
  const today = midnight(now).getTime();
  const yesterday = midnight(now, -1).getTime();
  const tomorrow = midnight(now, 1).getTime();
  const words = { today: relative.format(0, "day"), yesterday: relative.format(-1, "day") };
  return (moment, isFirst) => {
    const time = moment.getTime();
    if (time < yesterday || time >= tomorrow) {
      return dateOf(moment);
    }
    const word = time < today ? words.yesterday : words.today;
    return `${isFirst ? capitalized(word) : word}, ${clockOf(moment)}`;
  };
}

/** Return whether an element is the first content of its parent.
    @type {(element: Element) => boolean} */
const isFirstIn = ({ previousSibling: before }) =>
  !before || (before instanceof Text && !before.previousSibling && !before.data.trim());

/** Format every time below `root`.
    @type {(root: ParentNode) => void} */
export function showTimes(root) {
  const format = makeFormatter(new Date());
  for (const element of parts(root, "time[data-shape]", HTMLTimeElement)) {
    const moment = new Date(element.dateTime);
    element.textContent =
      element.dataset.shape === "day" ? dateOf(moment) : format(moment, isFirstIn(element));
    delete element.dataset.shape;
  }
}

/** Show the exact time as the title of the time under the pointer. */
export function bindExactTimes() {
  document.addEventListener("pointerover", (event) => {
    const element = around(event, "time", HTMLTimeElement);
    if (element && !element.title) {
      element.title = exact.format(new Date(element.dateTime));
    }
  });
}
