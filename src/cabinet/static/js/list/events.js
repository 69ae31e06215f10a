/* `listchange` at #list: its rows or its totals have changed.

   Rule: imports nothing, for a first view may listen. */

/** The `detail` of a `listchange`: the rows that were added at the end, null if more has changed than that. A list
    may be too long to go through it for each page.
    @typedef {{ added: HTMLElement[] | null }} ListChange */

/** Announce that the list has changed; `added` are the rows that came at its end, if nothing else has changed.
    @type {(list: HTMLElement, added: HTMLElement[] | null) => void} */
export function announceChange(list, added) {
  list.dispatchEvent(new CustomEvent("listchange", { detail: { added } }));
}

/** Call `listener` whenever `list` has changed.
    @type {(list: HTMLElement, listener: (change: ListChange) => void) => void} */
export function onListChange(list, listener) {
  list.addEventListener("listchange", (event) => {
    listener(/** @type {CustomEvent<ListChange>} */ (event).detail);
  });
}
