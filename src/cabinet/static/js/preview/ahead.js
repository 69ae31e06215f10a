/* The picture that probably comes next, fetched while one looks at this one. */

import { kindOf } from "./kinds.js";
import { sourcesOf } from "./sources.js";

/** @import { Entry } from "../list/list.js" */

// More than that is not worth what it may cost, for a look that may never be taken.
const MOST_BYTES = 8_000_000;

/** Fetch the picture of `entry` as it would be shown on `stage`, if it is one of no great size and the viewer does
    not save data.
    @type {(entry: Entry | null, stage: HTMLElement) => void} */
export function fetchAhead(entry, stage) {
  if (!entry || kindOf(entry) !== "image" || /** @type {any} */ (navigator).connection?.saveData) {
    return;
  }
  const [{ url, isMade }] = sourcesOf(entry, stage);
  if (isMade || entry.size <= MOST_BYTES) {
    new Image().src = url;
  }
}
