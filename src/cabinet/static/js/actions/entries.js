/* How many things a list of entries stands for: `everything` stands for more than are loaded. */

/** How many things `entries` stand for. */
export const countOf = (entries) => entries.everything?.count ?? entries.length;

/** Whether `entries` are one that is loaded, and nothing else. */
export const isOne = (entries) => entries.length === 1 && !entries.everything;
