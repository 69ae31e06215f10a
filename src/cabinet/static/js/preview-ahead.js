/* The picture that probably comes next, fetched while one looks at this one. */

import { shownUrl } from "./http.js";
import { kindOf } from "./preview-kinds.js";

// More than that is not worth what it may cost, for a look that may never be taken.
const MOST_BYTES = 8_000_000;

/** Fetch the file of `entry` if it is a picture of no great size, and the viewer does not save data. */
export function fetchAhead(entry) {
  if (entry && kindOf(entry) === "image" && entry.size <= MOST_BYTES && !navigator.connection?.saveData) {
    new Image().src = shownUrl(entry.path);
  }
}
