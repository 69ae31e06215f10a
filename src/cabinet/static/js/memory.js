/* What an entry of the browser's history remembers of its list: how far down one was, how many rows
   were loaded, and which had the focus last.

   Rule: coming back costs a few requests at most, however long the list had grown. */

import { appendMore, keyOf, rowCount, rowOf, rows } from "./list.js";

// Scrolling is over when nothing has moved for this long.
const SETTLED_MS = 150;
// Rows that are asked for at a time, the most that the server gives, and the most that come back.
const PAGE_ROWS = 1_000;
const MAX_ROWS = 5_000;

const list = document.getElementById("list");
let timer = 0;
// The row that had the focus last: who goes on to the search field or a dialog comes back to it.
let focused = null;

/** Put what there is to remember into the entry of the history that is open. */
export function remember() {
  clearTimeout(timer);
  history.replaceState({ ...history.state, top: scrollY, rows: rowCount(), focus: focused }, "");
}

/** Remember what there is, for another entry comes now. */
export function leave() {
  remember();
  focused = null;
}

/** Append pages until `isEnough()`, or until there are no more. */
async function load(isEnough) {
  while (!isEnough() && rowCount() < MAX_ROWS && (await appendMore(PAGE_ROWS)));
}

/** Show as many rows as `state` says, where one was in them, with the focus on the row that had it
    unless it is needed elsewhere (`isBusy`). */
export async function recall(state, isBusy = false) {
  focused = state?.focus ?? null;
  await load(() => rowCount() >= (state?.rows ?? 0));
  if (focused && !isBusy) {
    rowOf(focused)?.querySelector(".name").focus({ preventScroll: true });
  }
  scrollTo(0, state?.top ?? 0);
}

/** Bring the row of `path` into view, marked and with the focus, on whatever page of the list it is. */
export async function reveal(path) {
  await load(() => rowOf(path));
  const row = rowOf(path);
  if (row) {
    row.scrollIntoView({ block: "center" });
    row.classList.add("is-new");
    row.querySelector(".name").focus({ preventScroll: true });
  }
}

/** Keep the memory up to date, and use it when somebody comes back or loads the page again. */
export function bindMemory() {
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(remember, SETTLED_MS);
  };
  window.addEventListener("scroll", soon, { passive: true });
  list.addEventListener("focusin", ({ target }) => {
    const row = target.closest("#rows [data-path]");
    focused = row ? keyOf(row) : focused;
    soon();
  });
  list.addEventListener("listchange", soon);
  window.addEventListener("pagehide", remember);
  const [{ type }] = performance.getEntriesByType("navigation");
  if (type !== "navigate" && history.state && rows().length) {
    recall(history.state).catch(() => {});
  }
}
