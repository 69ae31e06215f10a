/* Rows in their groups, which the browser leaves out of its work where they are far away.

   Rule: what stays is not moved, or it would lose the focus; no group gets so long that it costs what
   a list does. */

import { parts } from "../core/dom.js";

// Twice what the server makes.
const MOST_ROWS = 100;

/** @type {(row: Element) => Element} */
const groupOf = (row) => /** @type {Element} */ (row.parentElement);

/** Take a row out, and its group with it when nothing is left there.
    @type {(row: Element) => void} */
export function takeOut(row) {
  const group = row.parentElement;
  row.remove();
  if (!group?.childElementCount) {
    group?.remove();
  }
}

/** Part the group of `row` behind it; the half with the focus stays where it is. Returns the upper one.
    @type {(row: Element) => Element} */
function partBehind(row) {
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

/** Put the rows of `group`, which is of no document yet, into `body` behind `row`, or first of all.
    @type {(row: Element | null, group: Element, body: Element) => void} */
export function putBehind(row, group, body) {
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
    partBehind(row).after(group);
  } else {
    groupOf(row).after(group);
  }
}

/** Say of each group how many rows it has, now and after each change: so high it is taken for until it is
    drawn, and what stands below the list does not move under the pointer when it is.
    @type {(list: HTMLElement) => void} */
export function bindGroups(list) {
  const count = () => {
    for (const group of parts(list, "#rows > *")) {
      group.style.setProperty("--rows", String(group.childElementCount));
    }
  };
  count();
  list.addEventListener("listchange", count);
}
