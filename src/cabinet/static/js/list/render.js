/* Draws the list: puts rows in and takes them out, and shows the totals, "Show more" and the empty states. All
   of it was rendered by the server; list/model.js says what differs.

   Rows are in groups, which the browser skips while they are far away. A group too long would cost as much as
   the whole list.

   Rule: the only module that changes which rows are on the page. What stays is not moved, or it would lose
   the focus. */

import { byId, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { countText } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { focusable } from "./rows.js";

/** @import { Change, ListModel } from "./model.js" */
/** @import { FetchedPage, RenderedRow } from "./page.js" */

/** What of a list is loaded.
    @typedef {Pick<ListModel<RenderedRow>, "rows" | "more">} Loaded */

const NEW_FOR_MS = 2_000;
// Fewer than two of the server's groups, so full ones are not joined.
const MOST_ROWS = 99;

const list = byId("list");
const main = byId("main");

/** @type {(row: Element) => Element} */
const groupOf = (row) => /** @type {Element} */ (row.parentElement);

/** Take a row out, and its group if it was the last one there.
    @type {(row: RenderedRow) => void} */
function takeOut({ element }) {
  const group = element.parentElement;
  element.remove();
  if (!group?.childElementCount) {
    group?.remove();
  }
}

/** Split the group of `row` after it; the part with the focus is not moved. Returns the upper part.
    @type {(row: Element) => Element} */
function splitAfter(row) {
  const group = groupOf(row);
  const other = /** @type {Element} */ (group.cloneNode(false));
  other.removeAttribute("id");
  const all = [...group.children];
  const end = all.indexOf(row) + 1;
  if (all.slice(end).some((each) => each.contains(document.activeElement))) {
    other.append(...all.slice(0, end));
    group.before(other);
    return other;
  }
  other.append(...all.slice(end));
  group.after(other);
  return group;
}

/** Put the rows of `group`, which is new, after `row`, or at the start.
    @type {(row: Element | null, group: Element) => void} */
function putAfter(row, group) {
  const body = part(list, "#rows");
  const there = row ? groupOf(row) : body.firstElementChild;
  if (there && there.childElementCount + group.childElementCount <= MOST_ROWS) {
    if (row) {
      row.after(...group.children);
    } else {
      there.prepend(...group.children);
    }
  } else if (!row) {
    body.prepend(group);
  } else if (row.nextElementSibling) {
    splitAfter(row).after(group);
  } else {
    groupOf(row).after(group);
  }
}

/** @type {(inserted: Change<RenderedRow>["inserted"][number]) => void} */
function insert({ after, rows }) {
  let before = after?.element ?? null;
  for (const [group, some] of Map.groupBy(rows, ({ element }) => groupOf(element))) {
    if (some.length < group.childElementCount) {
      // The model has left some out.
      group.replaceChildren(...some.map(({ element }) => element));
    }
    showTimes(group);
    putAfter(before, group);
    before = some[some.length - 1].element;
  }
}

/** Tell the browser how many rows each group has: its height until it is drawn. So what is below the list does not
    move under the pointer. */
function measureGroups() {
  for (const group of parts(list, "#rows > *")) {
    group.style.setProperty("--rows", String(group.childElementCount));
  }
}

/** Draw a difference. The focus goes from a row that leaves to the one with its key, else to the next one.
    @type {(change: Change<RenderedRow>, how?: { scrolls?: boolean, takesFocus?: boolean }) => void} */
export function draw(
  { inserted, removed, outdated, successor },
  { scrolls = false, takesFocus = false } = {},
) {
  inserted.forEach(insert);
  const left = removed.find(({ element }) => element.contains(document.activeElement));
  const heir = left && inserted.flatMap(({ rows }) => rows).find(({ key }) => key === left.key);
  removed.forEach(takeOut);
  if (left || takesFocus) {
    (focusable((heir ?? successor)?.element) ?? main).focus({ preventScroll: !scrolls });
  }
  outdated.forEach(({ element }) => element.classList.add("is-outdated"));
  measureGroups();
}

/** Draw the whole list of a page in place of this one.
    @type {(page: FetchedPage) => void} */
export function drawAll(page) {
  showTimes(page.list);
  list.replaceChildren(...page.list.childNodes);
  measureGroups();
}

/** Show how much a search has found: the server knows of its first page only.
    @type {(model: Loaded) => void} */
export function drawFound({ rows, more }) {
  const found = document.getElementById("found");
  if (found) {
    const key = more ? "found-so-far" : "found";
    found.textContent = countText(key, rows.length, { count: number(rows.length) });
  }
}

/** Show the totals of a page that was fetched, unless the focus is in them.
    @type {(page: FetchedPage, model: Loaded) => void} */
export function drawTotals({ document: fresh }, model) {
  for (const id of ["totals", "usage", "files-head"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && !old.contains(document.activeElement)) {
      old.replaceWith(document.importNode(now, true));
    }
  }
  drawFound(model);
}

/** The link "Show more", null at the end of the list.
    @type {() => HTMLElement | null} */
export const moreLink = () => document.getElementById("more");

/** Show "Show more" as it is on a page that was fetched.
    @type {(page: FetchedPage) => void} */
export function drawMore({ list: fresh, more }) {
  const link = moreLink();
  if (link && more) {
    link.setAttribute("href", more.href);
  } else if (more) {
    part(list, ".totals").before(groupOf(part(fresh, "#more")));
  } else {
    link?.parentElement?.remove();
  }
}

/** Highlight a row as new for a moment.
    @type {(row: RenderedRow) => void} */
export function markNew({ element }) {
  element.classList.add("is-new");
  setTimeout(() => element.classList.remove("is-new"), NEW_FOR_MS);
}

/** Have a row say the path and the name that its entry has now, until the server renders it anew.
    @type {(row: RenderedRow, now: { path: string, name: string }) => void} */
export function relabel({ element }, now) {
  Object.assign(element.dataset, now);
}

/** Whether someone is typing in a row: it is not replaced meanwhile.
    @type {(row: RenderedRow) => boolean} */
export const isInUse = ({ element }) => element.classList.contains("is-renaming");

measureGroups();
