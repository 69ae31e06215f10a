/* How many things a list of entries stands for: `everything` stands for more than are loaded. */

/** @import { Entries } from "../list/selection.js" */

/** How many things `entries` stand for.
    @type {(entries: Entries) => number} */
export const countOf = (entries) => entries.everything?.count ?? entries.length;

/** Whether `entries` are one that is loaded, and nothing else.
    @type {(entries: Entries) => boolean} */
export const isOne = (entries) => entries.length === 1 && !entries.everything;
