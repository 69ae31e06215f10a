/* Prefetch the picture that is probably shown next. */

import { kindOf } from "./kinds.js";
import { sourcesOf } from "./sources.js";

/** @import { Entry } from "../list/rows.js" */

// Larger pictures are not worth the traffic, since they may never be shown.
const MAX_BYTES = 8_000_000;

/** Prefetch the picture of `entry` for `stage`, unless it is large or the browser saves data.
    @type {(entry: Entry | null, stage: HTMLElement) => void} */
export function prefetch(entry, stage) {
  if (!entry || kindOf(entry) !== "image" || /** @type {any} */ (navigator).connection?.saveData) {
    return;
  }
  const [{ url, isRendition }] = sourcesOf(entry, stage);
  if (isRendition || entry.size <= MAX_BYTES) {
    new Image().src = url;
  }
}
