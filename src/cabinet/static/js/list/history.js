/* What an entry of the browser's history remembers of its list: how far down one was, how many rows
   were loaded, and which had the focus last.

   Rule: coming back costs a few requests at most, however long the list had grown. */

import { around, byId } from "../core/dom.js";
import { focusable, keyOf, onListChange, rowCount, rowOf, rows } from "./list.js";
import { appendMore } from "./more.js";

// Scrolling is over when nothing has moved for this long.
const SETTLED_MS = 150;
// Rows that are asked for at a time, the most that the server gives, and the most that come back.
const PAGE_ROWS = 1_000;
const MAX_ROWS = 5_000;
// Frames in which heights may turn out to be others, and those without a change after which none will.
const MOST_FRAMES = 30;
const STILL_FRAMES = 3;
// Where to look below the head of the list: between two tiles is nothing.
const BELOW_HEAD_PX = [16, 48, 96];

/** The row at the upper edge of what shows, and how far down that is.
    @typedef {{ key: string, y: number }} Anchor */

/** What an entry of the history remembers.
    @typedef {{ top?: number, anchor?: Anchor | null, rows?: number, focus?: string | null }} Remembered */

const list = byId("list");
// The browser writes down the whole form with it: not while somebody waits for an answer.
const LATEST_MS = 500;
/** @type {(act: () => void) => unknown} */
const whenIdle = (act) =>
  "requestIdleCallback" in window ? requestIdleCallback(act, { timeout: LATEST_MS }) : setTimeout(act);
let timer = 0;
// The row that had the focus last: who goes on to the search field or a dialog comes back to it.
/** @type {string | null} */
let focused = null;

/** Return the row at the upper edge of what shows, and where it is; heights of rows that were never
    near the window are guesses, so that a number of pixels alone would lead elsewhere.
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

/** Scroll at once to where `state` says, and again for as long as rows that come into view have other
    heights than were guessed: a busy browser draws them late.
    @type {(state: Remembered) => Promise<void>} */
async function scrollBack({ top = 0, anchor = null }) {
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

/** Return what there is to remember.
    @type {() => Remembered} */
const seen = () => ({ top: scrollY, anchor: findAnchor(), rows: rowCount(), focus: focused });

/** Put what there is to remember into the entry of the history that is open. */
export function remember() {
  clearTimeout(timer);
  history.replaceState({ ...history.state, ...seen() }, "");
}

/** Remember what there is, for another entry comes now. */
export function leave() {
  remember();
  focused = null;
}

/** Append pages until none of the rows that `missing()` counts is, or until there are no more.
    @type {(missing: () => number) => Promise<void>} */
async function load(missing) {
  while (missing() > 0 && rowCount() < MAX_ROWS && (await appendMore(Math.min(PAGE_ROWS, missing()))));
}

/** Show as many rows as `state` says, where one was in them, with the focus on the row that had it
    unless it is needed elsewhere (`isBusy`).
    @type {(state: Remembered | null, isBusy?: boolean) => Promise<void>} */
export async function recall(state, isBusy = false) {
  focused = state?.focus ?? null;
  await load(() => (state?.rows ?? 0) - rowCount());
  if (focused && !isBusy) {
    focusable(rowOf(focused))?.focus({ preventScroll: true });
  }
  await scrollBack(state ?? {});
}

/** Append pages until `found()`, or until there are no more.
    @type {(found: () => unknown) => Promise<void>} */
export const find = (found) => load(() => (found() ? 0 : Infinity));

/** Bring the row of `path` into view, marked and with the focus, on whatever page of the list it is.
    @type {(path: string) => Promise<void>} */
export async function reveal(path) {
  await find(() => rowOf(path));
  const row = rowOf(path);
  if (row) {
    // Firefox does not find the way to a row that it has never laid out.
    row.getBoundingClientRect();
    row.scrollIntoView({ block: "center", behavior: "instant" });
    row.classList.add("is-new");
    focusable(row)?.focus({ preventScroll: true });
  }
}

/** Keep the memory up to date, and use it when somebody comes back or loads the page again. */
export function bindMemory() {
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => whenIdle(remember), SETTLED_MS);
  };
  window.addEventListener("scroll", soon, { passive: true });
  list.addEventListener("focusin", (event) => {
    const row = around(event, "#rows [data-path]");
    focused = row ? keyOf(row) : focused;
    soon();
  });
  onListChange(list, ({ added }) => {
    if (added) {
      // The browser would scroll before these rows are there again.
      history.scrollRestoration = "manual";
    }
    soon();
  });
  window.addEventListener("pagehide", remember);
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && history.state) {
      // A page that was kept whole comes back at its top, where a script is to scroll.
      recall(history.state).catch(() => {});
    }
  });
  const [navigation] = performance.getEntriesByType("navigation");
  if (
    /** @type {PerformanceNavigationTiming} */ (navigation).type !== "navigate" &&
    history.state &&
    rows().length
  ) {
    recall(history.state).catch(() => {});
  }
}
