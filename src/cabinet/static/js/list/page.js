/* Pages with a list: fetching one, and reading what it says of its list into the data of list/model.js.

   Rule: reads; what is read is drawn by list/render.js. */

import { part, parts } from "../core/dom.js";
import { failure, fetchPage } from "../core/http.js";
import { keyOf } from "./rows.js";

/** @import { Page, Place, Row } from "./model.js" */

/** A row with the element that the server rendered for it.
    @typedef {Row & { element: HTMLElement }} RenderedRow */

/** A page that was fetched, and its #list, copied for this document.
    @typedef {Page<RenderedRow> & { document: Document, list: HTMLElement }} FetchedPage */

/** @type {(element: HTMLElement) => RenderedRow} */
const readRow = (element) => ({
  key: keyOf(element),
  tag: element.getAttribute("data-tag") ?? "",
  name: element.getAttribute("data-name") ?? "",
  kind: element.getAttribute("data-kind") ?? "",
  size: Number(element.getAttribute("data-size")),
  isMount: element.hasAttribute("data-mount"),
  element,
});

/** Return a group of rows, or in a comparison the positions of those to keep.
    @type {(group: HTMLElement) => Page<RenderedRow>["pieces"][number]} */
function readGroup(group) {
  const { kept } = group.dataset;
  if (kept) {
    const [start, stop] = kept.split(" ").map(Number);
    return { start, stop };
  }
  return /** @type {HTMLElement[]} */ ([...group.children]).map(readRow);
}

/** Return what the #list of a page says; groups that follow each other are read as such.
    @type {(list: ParentNode, location: string) => Page<RenderedRow>} */
export function readList(list, location) {
  const table = list.querySelector("#rows");
  const href = list.querySelector("#more")?.getAttribute("href");
  const { count, size } = part(list, "#totals").dataset;
  return {
    pieces: table ? parts(table, ":scope > *").map(readGroup) : [],
    hasTable: table !== null,
    hasRest: table?.hasAttribute("data-has-rest") ?? false,
    more: href ? { href, cursor: new URL(href, location).searchParams.get("after") } : null,
    total: count === undefined ? null : { count: Number(count), size: Number(size) },
  };
}

/** Return what a page with a list says.
    @type {(document: Document) => FetchedPage} */
export function readPage(page) {
  const list = document.importNode(part(page, "#list"), true);
  return { ...readList(list, location.href), document: page, list };
}

/** Return the place that a page with a list is of.
    @type {(page: Document, address: string) => Place} */
export function placeOf(page, address) {
  const { place = "", folder = "", sort, order } = part(page, "#main").dataset;
  return { address, kind: place, folder: place === "trash" ? null : folder, sort, order };
}

/** Return a page that was fetched; raises `Failure` if it is the sign-in page.
    @type {(page: Document) => Document} */
function withList(page) {
  if (!page.getElementById("list")) {
    throw failure(401, "");
  }
  return page;
}

/** Fetch a page with a list; `value`, if there is one, is sent to it as JSON. Raises `Failure`.
    @type {(url: string | URL, value?: unknown) => Promise<Document>} */
export const fetchFiles = async (url, value = null) => withList(await fetchPage(url, value));
