/* Moving the focus through the list, from name to name.

   Rule: looks at neighbors only, never at all rows, so its cost does not depend on the length of the list. */

import { byId, part } from "../core/dom.js";

const ROW = "#rows [data-path]";

/** @type {HTMLElement | null} */
let last = null;

const list = byId("list");
/** @type {(row: Element) => HTMLElement | null} */
const nameOf = (row) => row.querySelector(".name");

/** Return the row that contains an element, null if none does.
    @type {(element: unknown) => HTMLElement | null} */
export const rowOf = (element) => (element instanceof Element ? element.closest(ROW) : null);

/** Return the row that contains the focus, null if none does. */
export const rowInFocus = () => rowOf(document.activeElement);

/** Give the focus to the name of `row`.
    @type {(row: HTMLElement, options?: FocusOptions) => void} */
export function focusOn(row, options = {}) {
  last = row;
  nameOf(row)?.focus(options);
}

/** Give the focus to the row that had it last, else to the first. */
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

/** Return the row after `row` or before it, in the next group if need be.
    @type {(row: HTMLElement, step: number) => HTMLElement | null} */
function neighbor(row, step) {
  const [sibling, child] = NEAR[step];
  return rowOf(row[sibling] ?? row.parentElement?.[sibling]?.[child]);
}

/** @type {(rect: DOMRect) => number} */
const middle = ({ left, right }) => (left + right) / 2;

/** Return the tile above or below `row`: the one of the next line that is nearest to its middle.
    @type {(row: HTMLElement, step: number) => HTMLElement | null} */
function tileBeyond(row, step) {
  const from = row.getBoundingClientRect();
  /** @type {(rect: DOMRect, line: DOMRect) => boolean} */
  const isOnLine = (rect, line) => Math.abs(rect.top - line.top) < 1;
  let each = neighbor(row, step);
  while (each && isOnLine(each.getBoundingClientRect(), from)) {
    each = neighbor(each, step);
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
    each = neighbor(each, step);
  }
  return best;
}

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Return the row that an arrow key leads to from `row`, null if there is none.
    @type {(row: HTMLElement, arrow: string) => HTMLElement | null} */
export function rowBeyond(row, arrow) {
  const isGrid = Boolean(row.closest(".list.is-grid"));
  const isAcross = arrow === "ArrowLeft" || arrow === "ArrowRight";
  if (isAcross) {
    return isGrid ? neighbor(row, STEPS[arrow]) : null;
  }
  return isGrid ? tileBeyond(row, STEPS[arrow]) : neighbor(row, STEPS[arrow]);
}

/** Return the row one screen below `row` ("PageDown") or above it, or the last one before the end.
    @type {(row: HTMLElement, key: string) => HTMLElement | null} */
export function rowPageFrom(row, key) {
  const arrow = key === "PageDown" ? "ArrowDown" : "ArrowUp";
  const start = row.getBoundingClientRect().top;
  const head = part(list, ".list-head");
  // As if the head were stuck already, so that all steps are of the same size.
  const shown = innerHeight - parseFloat(getComputedStyle(head).top) - head.offsetHeight;
  const reach = shown - row.offsetHeight;
  let [each, next] = [row, rowBeyond(row, arrow)];
  while (next && (each === row || Math.abs(next.getBoundingClientRect().top - start) <= reach)) {
    [each, next] = [next, rowBeyond(next, arrow)];
  }
  return each === row ? null : each;
}

/** Return the first row ("Home") or the last one that is loaded.
    @type {(key: string) => HTMLElement | null} */
export function outermostRow(key) {
  const groups = list.querySelector("#rows");
  const isFirst = key === "Home";
  const group = isFirst ? groups?.firstElementChild : groups?.lastElementChild;
  return rowOf(isFirst ? group?.firstElementChild : group?.lastElementChild);
}

// The focus returns to this row from a bar or a dialog.
list.addEventListener("focusin", ({ target }) => {
  last = rowOf(target) ?? last;
});
