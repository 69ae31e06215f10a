/* What on a page stands for a folder, or for the trash: rows, crumbs and links of the rail.

   Rule: tells where something would go; what may go there is not asked here. */

import { around } from "../core/dom.js";
import { nameOf } from "../core/paths.js";
import { text } from "../core/texts.js";

const FOLDER_ROW = '#rows [data-path][data-kind="folder"]';
const LINKS = ".crumbs a, .rail a";

/** What stands for the trash instead of a path.
    @type {unique symbol} */
export const TRASH = Symbol("trash");

/** Return the element that `target` lies in and that stands for a place, with the `path` of that: a
    folder's, or TRASH; null for none.
    @type {(target: EventTarget | null) => { element: HTMLElement, path: string | typeof TRASH } | null} */
export function placeAt(target) {
  const row = around({ target }, FOLDER_ROW);
  if (row) {
    return { element: row, path: row.dataset.path ?? "" };
  }
  const element = around({ target }, LINKS, HTMLAnchorElement);
  if (!element) {
    return null;
  }
  const { pathname, searchParams } = new URL(element.href);
  const end = pathname.split("/").at(-1);
  if (end === "index") {
    return { element, path: searchParams.get("path") ?? "" };
  }
  return end === "trash" ? { element, path: TRASH } : null;
}

/** Return what people call the folder at `path`.
    @type {(path: string) => string} */
export const titleOf = (path) => nameOf(path) || text("your-files");

/** Return what marks one element at a time as the one that takes what hangs at the pointer.
    @type {() => (element: HTMLElement | null) => void} */
export function makeMark() {
  /** @type {HTMLElement | null} */
  let marked = null;
  return (element) => {
    if (element !== marked) {
      marked?.classList.remove("is-target");
      element?.classList.add("is-target");
      marked = element;
    }
  };
}
