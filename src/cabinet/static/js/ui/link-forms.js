/* Forms with the options of a link: the day when it expires, in the time zone of the browser.

   Rule: without this, days are those of UTC. */

import { field, parts } from "../core/dom.js";

/** Return a day as date fields have it.
    @type {(moment: Date) => string} */
const dayOf = (moment) => new Date(moment.getTime() + zoneOf(moment) * 60_000).toISOString().slice(0, 10);

/** Return the offset of the time zone from UTC in minutes.
    @type {(moment: Date) => number} */
const zoneOf = (moment) => -moment.getTimezoneOffset();

/** Turn the days of the forms below `root` into local ones.
    @type {(root: ParentNode) => void} */
export function bindLinkForms(root) {
  for (const form of parts(root, "form[data-link-form]", HTMLFormElement)) {
    const day = field(form, "expires_at");
    const moment = day.dataset.moment ? new Date(day.dataset.moment) : null;
    field(form, "zone").value = String(zoneOf(moment ?? new Date()));
    if (moment) {
      day.value = dayOf(moment);
    }
  }
}
