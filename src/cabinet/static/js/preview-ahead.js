/* The picture that probably comes next, fetched while one looks at this one. */

import { contentUrl } from "./http.js";
import { entryOf } from "./list.js";
import { kindOf } from "./preview-kinds.js";

// More than that is not worth what it may cost, for a look that may never be taken.
const MOST_BYTES = 8_000_000;

/** Fetch the file of `row` if it is a picture of no great size, and the viewer does not save data. */
export function fetchAhead(row) {
  const entry = row && entryOf(row);
  if (entry && kindOf(entry) === "image" && entry.size <= MOST_BYTES && !navigator.connection?.saveData) {
    new Image().src = contentUrl(entry.path);
  }
}
