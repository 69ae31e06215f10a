/* What an entry of the browser's history saves of its list: the scroll position, how many rows were loaded,
   and which had the focus last.

   Rule: coming back costs a few requests at most, however long the list was. */

import { around, byId } from "../core/dom.js";
import { onListChange } from "./events.js";
import { appendMore, model, rowOf } from "./list.js";
import { focusable, keyOf } from "./rows.js";

// Scrolling is over when nothing has moved for this long.
const SETTLED_MS = 150;
// The rows of one request, the most that the server sends, and the most that are loaded again.
const PAGE_ROWS = 1_000;
const MAX_ROWS = 5_000;
// Frames in which rows may still change their heights, and unchanged frames after which none will.
const MOST_FRAMES = 30;
const STILL_FRAMES = 3;
// Where to look for a row below the head of the list: the point may lie between two tiles.
const BELOW_HEAD_PX = [16, 48, 96];

/** The row at the top of the visible part, and its position in the window.
    @typedef {{ key: string, y: number }} Anchor */

/** The state of an entry of the history.
    @typedef {{ top?: number, anchor?: Anchor | null, rows?: number, focus?: string | null }} ListState */

const list = byId("list");
// The browser saves the whole form with the state, which is slow: it is done when the page is idle.
const LATEST_MS = 500;
/** @type {(act: () => void) => unknown} */
const whenIdle = (act) =>
  "requestIdleCallback" in window ? requestIdleCallback(act, { timeout: LATEST_MS }) : setTimeout(act);
let timer = 0;
// The key of the row that had the focus last; it is kept while the focus is in the search field or a dialog.
/** @type {string | null} */
let focused = null;

/** Return the row at the top of the visible part. A scroll position alone would not do: the heights of rows that
    were never near the window are estimates.
    @type {() => Anchor | null} */
function findAnchor() {
  const head = list.querySelector(".list-head")?.getBoundingClientRect();
  for (const below of head ? BELOW_HEAD_PX : []) {
    const { left, width, bottom } = /** @type {DOMRect} */ (head);
    const row = document.elementFromPoint(left + width / 2, bottom + below)?.closest("#rows [data-path]");
    if (row) {
      return { key: keyOf(row), y: row.getBoundingClientRect().top };
    }
  }
  return null;
}

/** @type {() => Promise<number>} */
const nextFrame = () => new Promise(requestAnimationFrame);

/** Scroll to where `state` says, and again while rows that come into view turn out to have other heights than
    estimated: a busy browser draws them late.
    @type {(state: ListState) => Promise<void>} */
async function restoreScroll({ top = 0, anchor = null }) {
  const row = anchor && rowOf(anchor.key);
  if (!row) {
    scrollTo({ top, behavior: "instant" });
    return;
  }
  for (let [frame, still] = [0, 0]; frame < MOST_FRAMES && still < STILL_FRAMES; frame += 1) {
    const off = row.getBoundingClientRect().top - anchor.y;
    still = Math.abs(off) < 1 ? still + 1 : 0;
    scrollBy({ top: off, behavior: "instant" });
    await nextFrame();
  }
}

/** @type {() => ListState} */
const currentState = () => ({
  top: scrollY,
  anchor: findAnchor(),
  rows: model.rows.length,
  focus: focused,
});

/** Save the state in the current entry of the history. */
export function saveState() {
  clearTimeout(timer);
  history.replaceState({ ...history.state, ...currentState() }, "");
}

/** Save the state before another entry follows. */
export function saveStateBeforeLeaving() {
  saveState();
  focused = null;
}

/** Append pages until `missing()`, a number of rows, is 0, or until there are no more.
    @type {(missing: () => number) => Promise<void>} */
async function load(missing) {
  while (missing() > 0 && model.rows.length < MAX_ROWS && (await appendMore(Math.min(PAGE_ROWS, missing()))));
}

/** Restore a state: load as many rows as there were, scroll to where the list was, and focus the row that had the
    focus, unless the focus has to stay where it is (`keepsFocus`).
    @type {(state: ListState | null, keepsFocus?: boolean) => Promise<void>} */
export async function restoreState(state, keepsFocus = false) {
  focused = state?.focus ?? null;
  await load(() => (state?.rows ?? 0) - model.rows.length);
  if (focused && !keepsFocus) {
    focusable(rowOf(focused))?.focus({ preventScroll: true });
  }
  await restoreScroll(state ?? {});
}

/** Append pages until `found()`, or until there are no more.
    @type {(found: () => unknown) => Promise<void>} */
export const loadUntil = (found) => load(() => (found() ? 0 : Infinity));

/** Load the list up to the row of a key, scroll to it, highlight it and give it the focus.
    @type {(key: string) => Promise<void>} */
export async function reveal(key) {
  await loadUntil(() => model.has(key));
  const row = rowOf(key);
  if (row) {
    // Firefox does not scroll to a row that it has never laid out.
    row.getBoundingClientRect();
    row.scrollIntoView({ block: "center", behavior: "instant" });
    row.classList.add("is-new");
    focusable(row)?.focus({ preventScroll: true });
  }
}

/** Keep the saved state up to date, and restore it after Back, Forward and a reload. */
export function bindHistory() {
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => whenIdle(saveState), SETTLED_MS);
  };
  window.addEventListener("scroll", saveSoon, { passive: true });
  list.addEventListener("focusin", (event) => {
    const row = around(event, "#rows [data-path]");
    focused = row ? keyOf(row) : focused;
    saveSoon();
  });
  onListChange(list, ({ added }) => {
    if (added) {
      // The browser would scroll before these rows are loaded again.
      history.scrollRestoration = "manual";
    }
    saveSoon();
  });
  window.addEventListener("pagehide", saveState);
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && history.state) {
      // With manual scroll restoration, a page from the back/forward cache is at its top.
      restoreState(history.state).catch(() => {});
    }
  });
  const [navigation] = performance.getEntriesByType("navigation");
  if (
    /** @type {PerformanceNavigationTiming} */ (navigation).type !== "navigate" &&
    history.state &&
    model.rows.length
  ) {
    restoreState(history.state).catch(() => {});
  }
}
