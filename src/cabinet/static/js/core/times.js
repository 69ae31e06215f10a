/* Times in the zone and the habits of whoever looks at them; the server wrote them in UTC.

   Rule: a list has thousands, so what is the same for all is asked for once, a day is named once, and
   the exact time is told only where somebody points. */

import { around, parts } from "./dom.js";
import { language } from "./language.js";

// "en-GB" for a page in English, when that is what the browser prefers.
const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** @type {Map<number | string, string>} */
const named = new Map();
/** @type {(moment: Date, days?: number) => Date} */
const midnight = (moment, days = 0) =>
  new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + days);

/** Return what `make` makes for a key, the same one each time.
    @type {(key: number | string, make: () => string) => string} */
function kept(key, make) {
  if (!named.has(key)) {
    named.set(key, make());
  }
  return /** @type {string} */ (named.get(key));
}

/** @type {(moment: Date) => string} */
const dateOf = (moment) =>
  kept(moment.getFullYear() * 372 + moment.getMonth() * 31 + moment.getDate(), () => date.format(moment));

/** @type {(moment: Date) => string} */
const clockOf = (moment) => kept(`${moment.getHours()}:${moment.getMinutes()}`, () => clock.format(moment));

/** @type {(word: string) => string} */
const capitalized = (word) => word.charAt(0).toLocaleUpperCase(language) + word.slice(1);

/** Return how times are spoken of today: "today, 14:03", "yesterday, 14:03" or a date; where that is the
    first thing said, with a capital letter.
    @type {(now: Date) => (moment: Date, isFirst: boolean) => string} */
function speaker(now) {
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

/** Tell whether an element is the first thing in another.
    @type {(element: Element) => boolean} */
const isFirstIn = ({ previousSibling: before }) =>
  !before || (before instanceof Text && !before.previousSibling && !before.data.trim());

/** Show every time below `root` locally.
    @type {(root: ParentNode) => void} */
export function showTimes(root) {
  const speak = speaker(new Date());
  for (const element of parts(root, "time[data-shape]", HTMLTimeElement)) {
    const moment = new Date(element.dateTime);
    element.textContent =
      element.dataset.shape === "day" ? dateOf(moment) : speak(moment, isFirstIn(element));
    delete element.dataset.shape;
  }
}

/** Tell the exact time of what a pointer comes to. */
export function bindExactTimes() {
  document.addEventListener("pointerover", (event) => {
    const element = around(event, "time", HTMLTimeElement);
    if (element && !element.title) {
      element.title = exact.format(new Date(element.dateTime));
    }
  });
}
