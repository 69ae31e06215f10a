/* What on a page stands for a folder, or for the trash: rows, crumbs and links of the rail.

   Rule: tells where something would go; what may go there is not asked here. */

import { nameOf } from "../core/paths.js";
import { text } from "../core/texts.js";

const FOLDER_ROW = '#rows [data-path][data-kind="folder"]';
const LINKS = ".crumbs a, .rail a";

/** What stands for the trash instead of a path. */
export const TRASH = Symbol("trash");

/** Return the element that `target` lies in and that stands for a place, with the `path` of that: a
    folder's, or TRASH; null for none. */
export function placeAt(target) {
  const row = target.closest?.(FOLDER_ROW);
  if (row) {
    return { element: row, path: row.dataset.path };
  }
  const element = target.closest?.(LINKS);
  if (!element) {
    return null;
  }
  const { pathname, searchParams } = new URL(element.href);
  const end = pathname.split("/").at(-1);
  const path = { index: searchParams.get("path") ?? "", trash: TRASH }[end];
  return path === undefined ? null : { element, path };
}

/** Return what people call the folder at `path`. */
export const titleOf = (path) => nameOf(path) || text("your-files");

/** Return what marks one element at a time as the one that takes what hangs at the pointer. */
export function makeMark() {
  let marked = null;
  return (element) => {
    if (element !== marked) {
      marked?.classList.remove("is-target");
      element?.classList.add("is-target");
      marked = element;
    }
  };
}
