/* How many items a list of entries stands for: with `everything` more than are loaded. */

/** @import { Entries } from "../list/selection.js" */

/** Return how many items `entries` stand for.
    @type {(entries: Entries) => number} */
export const countOf = (entries) => entries.everything?.count ?? entries.length;

/** Return whether `entries` is a single loaded entry.
    @type {(entries: Entries) => boolean} */
export const isOne = (entries) => entries.length === 1 && !entries.everything;
