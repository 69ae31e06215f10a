/* The list of this page: what is asked of the server goes into the model, and the difference is drawn.

   An update costs one request however long the list is: the page sends the tags of its rows and how far its
   list goes, and the response names those that stay by their positions and renders all others. So what shows
   is the first part of the list at one moment, and "Show more" is there when something follows it.

   Rule: rows are requested one response at a time, so each response is about the rows that show. */

import { byId } from "../core/dom.js";
import { announceChange } from "./events.js";
import { ListModel } from "./model.js";
import { fetchFiles, placeOf, readList, readPage } from "./page.js";
import { preferences } from "./preferences.js";
import * as render from "./render.js";

/** @import { Place } from "./model.js" */
/** @import { FetchedPage } from "./page.js" */

// What the server does not compare: too many rows, or a cursor that is no longer valid.
const REFUSED = new Set([413, 422]);

const list = byId("list");
const main = byId("main");

const writable = new ListModel(
  readList(list, location.href),
  placeOf(document, location.pathname + location.search),
);

/** The list as data; only this module changes it.
    @type {Omit<typeof writable, "show" | "append" | "reconcile" | "remove" | "rename">} */
export const model = writable;

// The request for rows that is running, if any.
/** @type {Promise<unknown>} */
let latest = Promise.resolve();

/** Return what `request()` resolves to, which is called when all requests for rows before it are over.
    @type {<T>(request: () => Promise<T>) => Promise<T>} */
function inTurn(request) {
  const asked = latest.then(request);
  latest = asked.catch(() => {});
  return asked;
}

/** Return the row of a key, null if it is not loaded.
    @type {(key: string) => HTMLElement | null} */
export const rowOf = (key) => model.get(key)?.element ?? null;

/** Show the list of a page in place of this one, in another place if that is given.
    @type {(page: FetchedPage, place?: Place) => void} */
function showAll(page, place) {
  writable.show(page, place);
  render.drawAll(page);
  render.drawTotals(page, model);
  announceChange(list, null);
}

/** Show the list of the page at `address`, which was fetched.
    @type {(page: Document, address: string) => void} */
export const openList = (page, address) => showAll(readPage(page), placeOf(page, address));

/** Fetch a page with a list, and again if the list has changed meanwhile. Raises `Failure`.
    @type {(url: string | URL) => Promise<Document>} */
export async function fetchCurrent(url) {
  const { revision } = model;
  const page = await fetchFiles(url);
  return revision === model.revision ? page : fetchCurrent(url);
}

/** Return the address that compares the list.
    @type {() => URL} */
function comparisonUrl() {
  const { address, sort, order } = model.place;
  const url = new URL(address, location.href);
  url.pathname += "/rows";
  const liked = preferences();
  const isLiked = (liked.get("sort") ?? "name") === sort && (liked.get("order") ?? "asc") === order;
  if (sort && !isLiked && !url.searchParams.has("sort")) {
    // Another order was chosen in another tab; this list stays as it is.
    url.searchParams.set("sort", sort);
    url.searchParams.set("order", order ?? "asc");
  }
  return url;
}

/** Bring the list up to date, and highlight the rows of `added`; resolves to whether it is complete.
    @type {(added: Set<string>) => Promise<boolean>} */
async function update(added) {
  const compared = model.compare(added.size);
  const response = await fetchFiles(comparisonUrl(), compared.request).catch((failure) => {
    if (!REFUSED.has(failure.status)) {
      throw failure;
    }
    return fetchFiles(model.place.address);
  });
  if (compared.generation !== model.generation) {
    // Another list is open by now.
    return false;
  }
  const page = readPage(response);
  const change = writable.reconcile(compared, page, render.isInUse);
  if (change) {
    render.draw(change);
    render.drawMore(page);
    render.drawTotals(page, model);
    // The totals alone matter, too: everything may be selected.
    if (change.isOther) {
      announceChange(list, null);
    }
  } else {
    const hadFocus = list.contains(document.activeElement);
    showAll(page);
    if (hadFocus) {
      main.focus({ preventScroll: true });
    }
  }
  [...added].flatMap((key) => model.get(key) ?? []).forEach(render.markNew);
  return !page.hasRest;
}

/** @type {Set<string>} */
let arriving = new Set();
/** @type {Promise<void> | null} */
let waiting = null;

/** Show the list as the server has it now, after any change; the rows of `keys` are highlighted as new. Raises
    `Failure`.
    @type {(keys?: string[]) => Promise<void>} */
export function refresh(keys = []) {
  model.noteChange();
  keys.forEach((key) => arriving.add(key));
  waiting ??= inTurn(async () => {
    const added = arriving;
    arriving = new Set();
    waiting = null;
    while (!(await update(added)));
  });
  return waiting;
}

/** Take out the rows of `keys` at once, then show the list as the server has it. The focus goes to the next row if
    it was in one of them, or nowhere. Raises `Failure`.
    @type {(keys: Iterable<string>) => Promise<void>} */
export async function removeRows(keys) {
  const takesFocus = document.activeElement === document.body;
  render.draw(writable.remove(keys), { scrolls: true, takesFocus });
  announceChange(list, null);
  await refresh();
}

/** Rename the row of `path` to `now.path`, then update the list, which moves the row. Raises `Failure`.
    @type {(path: string, now: { path: string, name: string }) => Promise<void>} */
export async function renameRow(path, { path: to, name }) {
  const row = model.get(path);
  if (row) {
    render.draw(writable.rename(path, { key: to, name }));
    render.relabel(row, { path: to, name });
    await refresh([to]);
  }
}

/** Append the next page, unless another list is open by now. Returns its first row, and whether the rest of the
    list may be outdated.
    @type {(generation: number, limit: number | null) => Promise<{ first?: HTMLElement, isOutdated?: boolean }>} */
async function append(generation, limit) {
  const isOther = () => generation !== model.generation || !model.more;
  if (isOther()) {
    return {};
  }
  const url = new URL(model.more?.href ?? "", location.href);
  if (limit) {
    url.searchParams.set("limit", String(limit));
  }
  const response = await fetchFiles(url);
  if (isOther()) {
    return {};
  }
  const page = readPage(response);
  const isOutdated = model.differsInTotal(page);
  const change = writable.append(page, render.isInUse);
  if (!change) {
    showAll(page);
    return { first: model.rows[0]?.element };
  }
  render.draw(change);
  render.drawMore(page);
  const added = change.inserted.flatMap((each) => each.rows).map(({ element }) => element);
  render.drawFound(model);
  announceChange(list, change.removed.length ? null : added);
  return { first: added[0], isOutdated };
}

/** Append the next page, of `limit` rows or as many as the server likes. Returns its first row, null if there was
    no next page. Raises `Failure`.
    @type {(limit?: number | null) => Promise<HTMLElement | null>} */
export async function appendMore(limit = null) {
  const link = render.moreLink();
  if (!link || link.hasAttribute("aria-busy")) {
    return null;
  }
  const { generation } = model;
  link.setAttribute("aria-busy", "true");
  try {
    const { first, isOutdated } = await inTurn(() => append(generation, limit));
    if (isOutdated) {
      // If that fails, the next change shows it.
      await refresh().catch(() => {});
    }
    return first ?? null;
  } finally {
    link.removeAttribute("aria-busy");
  }
}
