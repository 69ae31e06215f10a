/* Times in the zone and the habits of whoever looks at them; the server wrote them in UTC. */

import { language } from "./texts.js";

// "en-GB" for a page in English, when that is what the browser prefers.
const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());

/** Return "today, 14:03", "yesterday, 14:03" or a date. */
function spoken(moment) {
  const days = Math.round((midnight(moment) - midnight(new Date())) / 86_400_000);
  if (days !== 0 && days !== -1) {
    return date.format(moment);
  }
  return `${relative.format(days, "day")}, ${clock.format(moment)}`;
}

/** Show every time below `root` locally. */
export function showTimes(root) {
  for (const element of root.querySelectorAll("time[data-shape]")) {
    const moment = new Date(element.dateTime);
    element.textContent = element.dataset.shape === "day" ? date.format(moment) : spoken(moment);
    element.title = exact.format(moment);
    delete element.dataset.shape;
  }
}
