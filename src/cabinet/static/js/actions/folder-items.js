/* The items of a tree of folders: a folder with its level, and the line that loads more of a level.

   Rule: markup alone; which of them is chosen or open is the business of actions/folder-tree.js. */

import { around, part } from "../core/dom.js";
import { text } from "../core/texts.js";
import { icon } from "../ui/icons.js";

/** @type {(item: HTMLElement) => HTMLElement} */
export const groupOf = (item) => part(item, ":scope > [role=group]");
/** @type {(item: HTMLElement) => boolean} */
export const isOpen = (item) => item.getAttribute("aria-expanded") === "true";
/** @type {(item: HTMLElement) => HTMLElement | null} */
export const parentItem = (item) => around({ target: item.parentElement }, "[role=treeitem]");

/** Return the item of a folder, closed and without its level; one that `isClosed` cannot be opened.
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

/** Return the line that loads what comes behind a cursor.
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
