/* Tree items of folders, and the "more" line of a level.

   Rule: markup only; selection and expansion are in actions/folder-tree.js. */

import { around, part } from "../core/dom.js";
import { text } from "../core/texts.js";
import { icon } from "../ui/icons.js";

/** @type {(item: HTMLElement) => HTMLElement} */
export const groupOf = (item) => part(item, ":scope > [role=group]");
/** @type {(item: HTMLElement) => boolean} */
export const isOpen = (item) => item.getAttribute("aria-expanded") === "true";
/** @type {(item: HTMLElement) => HTMLElement | null} */
export const parentItem = (item) => around({ target: item.parentElement }, "[role=treeitem]");

/** Return a collapsed tree item of a folder; an `isClosed` one cannot be expanded.
    @type {(path: string, name: string, level: number, isClosed: boolean) => HTMLElement} */
export function makeItem(path, name, level, isClosed) {
  const item = document.createElement("li");
  item.role = "treeitem";
  item.tabIndex = -1;
  item.dataset.folder = path;
  item.ariaLabel = name;
  item.ariaLevel = String(level);
  item.ariaSelected = "false";
  const line = document.createElement("div");
  line.className = "tree-line";
  line.title = name;
  const words = document.createElement("bdi");
  words.textContent = name;
  line.append(icon("chevron-right"), icon("folder"), words);
  const group = document.createElement("ul");
  group.role = "group";
  group.hidden = true;
  item.append(line, group);
  if (isClosed) {
    item.ariaDisabled = "true";
  } else {
    item.ariaExpanded = "false";
  }
  return item;
}

/** Return the line that loads the items after a cursor.
    @type {(after: string) => HTMLElement} */
export function makeMore(after) {
  const item = document.createElement("li");
  item.role = "treeitem";
  item.tabIndex = -1;
  item.className = "tree-more";
  item.dataset.after = after;
  item.textContent = text("show-more");
  return item;
}
