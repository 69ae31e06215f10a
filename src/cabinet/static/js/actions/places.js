/* Drop targets: rows, breadcrumbs and sidebar links of folders and the trash.

   Rule: finds the place; whether it accepts something is decided elsewhere. */

import { around, byId } from "../core/dom.js";
import { base, folderPage } from "../core/identity.js";
import { nameOf } from "../core/paths.js";
import { text } from "../core/texts.js";

const FOLDER_ROW = '#rows [data-path][data-kind="folder"]';
const LINKS = ".crumbs a, .rail a";

/** The place of the trash, instead of a path.
    @type {unique symbol} */
export const TRASH = Symbol("trash");

/** Return the drop target that contains `target`, and the `path` of its folder, or TRASH; null if there is none.
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
  if (pathname === folderPage("")) {
    return { element, path: searchParams.get("path") ?? "" };
  }
  return pathname === `${base}trash` ? { element, path: TRASH } : null;
}

/** Return the display name of the folder at `path`.
    @type {(path: string) => string} */
export const folderTitle = (path) => nameOf(path) || byId("main").dataset.title || text("your-files");

/** Return a function that highlights one element at a time as the drop target.
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
