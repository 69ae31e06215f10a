/* The way of the focus through the list, from name to name.

   Rule: asks rows for their neighbours and never for all of them. */

import { byId, part } from "../core/dom.js";

const ROW = "#rows [data-path]";

/** @type {HTMLElement | null} */
let last = null;

const list = byId("list");
/** @type {(row: Element) => HTMLElement | null} */
const nameOf = (row) => row.querySelector(".name");

/** Return the row that an element lies in, null outside of the list.
    @type {(element: unknown) => HTMLElement | null} */
export const rowOf = (element) => (element instanceof Element ? element.closest(ROW) : null);

/** Return the row with the focus. */
export const rowInFocus = () => rowOf(document.activeElement);

/** Give the focus to the name of `row`.
    @type {(row: HTMLElement, options?: FocusOptions) => void} */
export function focusOn(row, options = {}) {
  last = row;
  nameOf(row)?.focus(options);
}

/** Give the focus back to where it was in the list last, else to its beginning. */
export function focusList() {
  const row = last?.isConnected ? last : rowOf(list.querySelector(ROW));
  if (row) {
    focusOn(row);
  } else {
    byId("main").focus();
  }
}

/** @type {Record<number, ["nextElementSibling" | "previousElementSibling", "firstElementChild" | "lastElementChild"]>} */
const NEAR = {
  1: ["nextElementSibling", "firstElementChild"],
  "-1": ["previousElementSibling", "lastElementChild"],
};

/** Return the row after `row`, or before it, through the borders of groups.
    @type {(row: HTMLElement, step: number) => HTMLElement | null} */
function neighbour(row, step) {
  const [sibling, child] = NEAR[step];
  return rowOf(row[sibling] ?? row.parentElement?.[sibling]?.[child]);
}

/** @type {(rect: DOMRect) => number} */
const middle = ({ left, right }) => (left + right) / 2;

/** Return the tile above or below `row`: of the next line, the one that stands straightest.
    @type {(row: HTMLElement, step: number) => HTMLElement | null} */
function tileBeyond(row, step) {
  const from = row.getBoundingClientRect();
  /** @type {(rect: DOMRect, line: DOMRect) => boolean} */
  const isOnLine = (rect, line) => Math.abs(rect.top - line.top) < 1;
  let each = neighbour(row, step);
  while (each && isOnLine(each.getBoundingClientRect(), from)) {
    each = neighbour(each, step);
  }
  if (!each) {
    return null;
  }
  const line = each.getBoundingClientRect();
  /** @type {HTMLElement | null} */
  let best = null;
  let distance = Infinity;
  while (each) {
    const rect = each.getBoundingClientRect();
    const off = Math.abs(middle(rect) - middle(from));
    if (!isOnLine(rect, line) || off >= distance) {
      break;
    }
    best = each;
    distance = off;
    each = neighbour(each, step);
  }
  return best;
}

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Return the row that an arrow leads to from `row`; null where none does.
    @type {(row: HTMLElement, arrow: string) => HTMLElement | null} */
export function rowBeyond(row, arrow) {
  const isGrid = Boolean(row.closest(".list.is-grid"));
  const isAcross = arrow === "ArrowLeft" || arrow === "ArrowRight";
  if (isAcross) {
    return isGrid ? neighbour(row, STEPS[arrow]) : null;
  }
  return isGrid ? tileBeyond(row, STEPS[arrow]) : neighbour(row, STEPS[arrow]);
}

/** Return the row a window's height below `row` ("PageDown") or above it, or the last one on the way there.
    @type {(row: HTMLElement, key: string) => HTMLElement | null} */
export function rowPageFrom(row, key) {
  const arrow = key === "PageDown" ? "ArrowDown" : "ArrowUp";
  const start = row.getBoundingClientRect().top;
  const head = part(list, ".list-head");
  // As if it stuck there already: a page is the same everywhere.
  const shown = innerHeight - parseFloat(getComputedStyle(head).top) - head.offsetHeight;
  const reach = shown - row.offsetHeight;
  let [each, next] = [row, rowBeyond(row, arrow)];
  while (next && (each === row || Math.abs(next.getBoundingClientRect().top - start) <= reach)) {
    [each, next] = [next, rowBeyond(next, arrow)];
  }
  return each === row ? null : each;
}

/** Return the first row, or the last that is loaded.
    @type {(key: string) => HTMLElement | null} */
export function outermostRow(key) {
  const groups = list.querySelector("#rows");
  const isFirst = key === "Home";
  const group = isFirst ? groups?.firstElementChild : groups?.lastElementChild;
  return rowOf(isFirst ? group?.firstElementChild : group?.lastElementChild);
}

// Who comes back from a bar or a dialog goes on where they were.
list.addEventListener("focusin", ({ target }) => {
  last = rowOf(target) ?? last;
});
