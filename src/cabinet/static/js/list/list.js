/* The list on the page: its rows, and another list in its place.

   `listchange` at #list says that its rows are others now; where some only came at the end, its
   `detail.added` has them, for a list may be too long to go through it for each page.

   Rule: rows are drawn by the server alone, and asked for one request at a time: what shows is what the
   last answer says of all of them. list/refresh.js brings it up to date after a change, list/more.js goes on. */

import { byId, part, parts } from "../core/dom.js";
import { failure, fetchPage } from "../core/http.js";
import { showTimes } from "../core/times.js";

/** What a row tells of its entry.
    @typedef {object} Entry
    @property {string} path
    @property {string} name
    @property {string} kind "file" or "folder"
    @property {number} size in bytes; of a folder that of all in it
    @property {string} [mediaType]
    @property {string} [trashId] only of what is in the trash
    @property {string} [role] only of a folder that somebody shared, and of what is in it
    @property {boolean} isMount whether it is such a folder itself
    @property {HTMLElement} [row] where it is loaded */

/** The `detail` of a `listchange`.
    @typedef {{ added: HTMLElement[] | null }} ListChange */

const list = byId("list");

/** @type {(root: ParentNode) => HTMLElement[]} */
const rowsIn = (root) => parts(root, "#rows [data-path]");

/** Return the rows in one of their groups.
    @type {(group: HTMLElement) => HTMLElement[]} */
export const rowsOf = (group) => /** @type {HTMLElement[]} */ ([...group.children]);

/** Return what takes the focus in a row, if there is one.
    @type {(row: Element | null | undefined) => HTMLElement | null} */
export const focusable = (row) => row?.querySelector(".name") ?? null;

/** Return what a row is known by here: its path, in the trash its id.
    @type {(row: Element) => string} */
export const keyOf = (row) => row.getAttribute("data-trash-id") ?? row.getAttribute("data-path") ?? "";

// The address of the page that shows: while one goes back, that of the browser is another already.
let address = location.pathname + location.search;
// How often the server's list has changed, as far as is known here.
let changes = 0;
// The request for rows that is under way, if any.
/** @type {Promise<unknown>} */
let latest = Promise.resolve();

/** Return the address that the list comes from.
    @type {() => string} */
export const addressShown = () => address;

/** Note that the list at another address shows from now on.
    @type {(now: string) => void} */
export function showsFrom(now) {
  address = now;
}

/** Return what `ask()` resolves to, which asks for rows, once all that were asked for before have come.
    @type {<T>(ask: () => Promise<T>) => Promise<T>} */
export function oneByOne(ask) {
  const asked = latest.then(ask);
  latest = asked.catch(() => {});
  return asked;
}

/** Note that a page which is on its way may be of before the last change. */
export function noteChange() {
  changes += 1;
}

/** Tell that the rows are others; `added` are those that came at the end, if nothing else has changed.
    @type {(added?: HTMLElement[] | null) => void} */
export function changed(added = null) {
  if (!added) {
    noteChange();
  }
  list.dispatchEvent(new CustomEvent("listchange", { detail: { added } }));
}

/** Let `hear` know when the rows of `list` are others.
    @type {(list: HTMLElement, hear: (change: ListChange) => void) => void} */
export function onListChange(list, hear) {
  list.addEventListener("listchange", (event) => {
    hear(/** @type {CustomEvent<ListChange>} */ (event).detail);
  });
}

/** Return the rows that are on the page.
    @type {() => HTMLElement[]} */
export const rows = () => rowsIn(list);

/** Return the row of `path`; in the trash an id finds its row.
    @type {(path: string) => HTMLElement | null} */
export const rowOf = (path) =>
  list.querySelector(`#rows :is([data-path="${CSS.escape(path)}"], [data-trash-id="${CSS.escape(path)}"])`);

/** Return what a row tells of its entry; the size of a folder is that of all in it, only what is in the trash
    has an id there, and only a folder that somebody shared and what is in it a `role`.
    @type {(row: HTMLElement) => Entry} */
export function entryOf(row) {
  const { path = "", name = "", kind = "", size, type, trashId, role, mount } = row.dataset;
  return {
    path,
    name,
    kind,
    size: Number(size),
    mediaType: type,
    trashId,
    role,
    isMount: mount !== undefined,
    row,
  };
}

/** Return a page that was fetched; raises `Failure` when it has become the page to sign in on.
    @type {(fresh: Document) => Document} */
export function withList(fresh) {
  if (!fresh.getElementById("list")) {
    throw failure(401, "");
  }
  return fresh;
}

/** Fetch a page with a list; raises `Failure`.
    @type {(url: string | URL) => Promise<Document>} */
export const fetchFiles = async (url) => withList(await fetchPage(url));

/** Fetch a page with a list, and again when the list has changed meanwhile: it may be of before that.
    Raises `Failure`.
    @type {(url: string | URL) => Promise<Document>} */
export async function fetchCurrent(url) {
  const before = changes;
  const fresh = await fetchFiles(url);
  return before === changes ? fresh : fetchCurrent(url);
}

/** Show the list of a page that was fetched in place of this one.
    @type {(fresh: Document) => void} */
export function replaceAll(fresh) {
  list.replaceChildren(...document.importNode(part(fresh, "#list"), true).childNodes);
  showTimes(list);
  replaceTotals(fresh);
  changed();
}

/** Tell whether a page that was fetched counts other than this one does.
    @type {(fresh: Document) => boolean} */
export function isCountedAnew(fresh) {
  const [old, now] = [document, fresh].map((page) => page.getElementById("totals")?.dataset);
  return old?.count !== now?.count || old?.size !== now?.size;
}

/** Say how much there is as a page does that was fetched.
    @type {(fresh: Document) => void} */
export function replaceTotals(fresh) {
  for (const id of ["totals", "usage", "files-head"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && !old.contains(document.activeElement)) {
      old.replaceWith(document.importNode(now, true));
    }
  }
}

/** Have "Show more" lead where it does in a page that was fetched; without it there, nothing follows.
    @type {(fresh: Document) => void} */
export function replaceMore(fresh) {
  const [link, now] = [document.getElementById("more"), fresh.getElementById("more")];
  if (link && now) {
    link.setAttribute("href", now.getAttribute("href") ?? "");
  } else if (now?.parentElement) {
    part(list, ".totals").before(document.importNode(now.parentElement, true));
  } else {
    link?.parentElement?.remove();
  }
}

/** Return how many rows there are; asks the groups, which know their children by number.
    @type {() => number} */
export const rowCount = () =>
  [...(list.querySelector("#rows")?.children ?? [])].reduce((sum, group) => sum + group.children.length, 0);
