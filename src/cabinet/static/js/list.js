/* The list on the page, brought up to date without a reload.

   `listchange` at #list says that its rows are others now; where some only came at the end, its
   `detail.added` has them, for a list may be too long to go through it for each page.

   Rule: rows are drawn by the server alone. What is new is taken from a fresh copy of the page and put
   in its place, so that scroll position, focus and rows already loaded stay as they are. */

import { failure, fetchPage } from "./http.js";
import { isAway } from "./identity.js";
import { showTimes } from "./times.js";
import { warn } from "./toasts.js";

const NEW_FOR_MS = 2_000;
// The most that the server gives at a time.
const MOST_ROWS = 1_000;

const list = document.getElementById("list");

const rowsIn = (root) => [...root.querySelectorAll("#rows [data-path]")];
const focusable = (row) => row?.querySelector(".name");
/** Return what a row is known by here: its path, in the trash its id. */
export const keyOf = (row) => row.getAttribute("data-trash-id") ?? row.getAttribute("data-path");

// The address of the page that shows: while one goes back, that of the browser is another already.
let address = location.pathname + location.search;
// The keys of all rows, once they are asked for; null when they may be others by now.
let known = null;
// How often rows have changed, but for those that came at the end.
let changes = 0;

/** Return the address that the list comes from. */
export const addressShown = () => address;

/** Note that the list at another address shows from now on. */
export function showsFrom(now) {
  address = now;
}

/** Tell that the rows are others; `added` are those that came at the end, if nothing else has changed. */
function changed(added = null) {
  if (!added) {
    known = null;
    changes += 1;
  }
  list.dispatchEvent(new CustomEvent("listchange", { detail: { added } }));
}

/** Return the rows that are on the page. */
export const rows = () => rowsIn(list);

/** Return the row of `path`; in the trash an id finds its row. */
export const rowOf = (path) =>
  list.querySelector(`#rows :is([data-path="${CSS.escape(path)}"], [data-trash-id="${CSS.escape(path)}"])`);

/** Return what a row tells of its entry; folders have no size, and only what is in the trash an id there. */
export function entryOf(row) {
  const { path, name, kind, size, type, trashId } = row.dataset;
  return { path, name, kind, size: size === undefined ? null : Number(size), mediaType: type, trashId, row };
}

/** Fetch a page with a list; raises `Failure`, also when it has become the page to sign in on. */
export async function fetchFiles(url) {
  const fresh = await fetchPage(url);
  if (!fresh.getElementById("list")) {
    throw failure(401, "");
  }
  return fresh;
}

/** Fetch as `fetchFiles` does, and again when rows have changed meanwhile: it may be a page of before that. */
export async function fetchCurrent(url) {
  const before = changes;
  const fresh = await fetchFiles(url);
  return before === changes ? fresh : fetchCurrent(url);
}

function markNew(row) {
  row.classList.add("is-new");
  setTimeout(() => row.classList.remove("is-new"), NEW_FOR_MS);
}

/** Take a row out, and its group with it when nothing is left there. */
function takeOut(row) {
  const group = row.parentElement;
  row.remove();
  if (!group.childElementCount) {
    group.remove();
  }
}

/** Take out the rows in `gone`. Returns the next one, if any, and whether the focus has gone with them. */
function takeOutAll(gone) {
  const all = rows();
  const last = all.findLastIndex((row) => gone.has(row));
  const rest = (row) => !gone.has(row);
  const successor = all.slice(last + 1).find(rest) ?? all.slice(0, Math.max(last, 0)).findLast(rest);
  const hadFocus = [...gone].some((row) => row.contains(document.activeElement));
  gone.forEach(takeOut);
  return { successor, hadFocus };
}

/** Put `row` where it stands among `fresh` rows: behind the nearest one before it that is here too. */
function place(row, fresh, here) {
  const before = fresh.slice(0, fresh.indexOf(row)).findLast((each) => here.has(each.dataset.path));
  const present = here.get(row.dataset.path);
  if (present && isPutOff(present)) {
    return;
  }
  const hadFocus = present?.contains(document.activeElement);
  const adopted = document.importNode(row, true);
  showTimes(adopted);
  markNew(adopted);
  if (before) {
    here.get(before.dataset.path).after(adopted);
  } else {
    list.querySelector("#rows > *").prepend(adopted);
  }
  here.set(row.dataset.path, adopted);
  if (present) {
    takeOut(present);
  }
  if (hadFocus) {
    focusable(adopted).focus();
  }
}

/** Show the list of a page that was fetched in place of this one. */
export function replaceAll(fresh) {
  list.replaceChildren(...document.importNode(fresh.getElementById("list"), true).childNodes);
  showTimes(list);
  replaceTotals(fresh);
  changed();
}

function replaceTotals(fresh) {
  for (const id of ["totals", "usage", "files-head"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && !old.contains(document.activeElement)) {
      old.replaceWith(document.importNode(now, true));
    }
  }
}

/** Return the rows of `fresh` and of the pages behind it, as far as the list is loaded here, or until
    all that are `wanted` are among them. */
async function freshRows(fresh, wanted) {
  const found = rowsIn(fresh);
  let more = fresh.getElementById("more");
  const isMissing = () => found.filter((row) => wanted.has(row.dataset.path)).length < wanted.size;
  while (more && found.length <= rowCount() && isMissing()) {
    const next = await fetchFiles(`${more.getAttribute("href")}&limit=${MOST_ROWS}`);
    found.push(...rowsIn(next));
    more = next.getElementById("more");
  }
  return found;
}

/** Return how many of the rows `all` lie before what is not loaded yet. */
function endOf(all, here, wanted) {
  if (!document.getElementById("more")) {
    return all.length;
  }
  let end = all.findLastIndex(({ dataset: { path } }) => here.has(path) && !wanted.has(path)) + 1;
  while (wanted.has(all[end]?.dataset.path)) {
    end += 1;
  }
  return end;
}

/** Leave `row` as it is while somebody types in it, marked, for once they have done it is drawn anew; tells
    whether that is so. */
function isPutOff(row) {
  const isTypedIn = row.classList.contains("is-renaming");
  row.classList.toggle("is-outdated", isTypedIn);
  return isTypedIn;
}

/** Show what has become of `paths`, which may be new, replaced or gone. What stands behind the last row
    that is loaded comes with the next page. Resolves to false when another list is open by now. */
export async function refresh(paths) {
  const asked = address;
  const wanted = new Set(paths);
  const fresh = await fetchFiles(asked);
  const all = await freshRows(fresh, wanted);
  if (asked !== address) {
    return false;
  }
  if (!list.querySelector("#rows") || !fresh.querySelector("#rows")) {
    replaceAll(fresh);
    rows()
      .filter((row) => wanted.has(row.dataset.path))
      .forEach(markNew);
    return true;
  }
  const here = new Map(rows().map((row) => [row.dataset.path, row]));
  const shown = all.slice(0, endOf(all, here, wanted));
  shown.filter((row) => wanted.has(row.dataset.path)).forEach((row) => place(row, shown, here));
  const isShown = new Set(shown.map((row) => row.dataset.path));
  const gone = [...wanted].filter((path) => !isShown.has(path)).map((path) => here.get(path));
  const { successor, hadFocus } = takeOutAll(new Set(gone.filter((row) => row && !isPutOff(row))));
  if (hadFocus) {
    (focusable(successor) ?? document.getElementById("main")).focus({ preventScroll: true });
  }
  if (!rowCount()) {
    replaceAll(fresh);
    return true;
  }
  replaceTotals(fresh);
  changed();
  return true;
}

/** Take the rows of `paths` away, which are done with; the focus goes to the next row if it was there, or
    nowhere. Resolves once the totals are right again. */
export async function removeRows(paths) {
  // Not a look through the list for each of them: they may be thousands.
  const wanted = new Set(paths);
  const isNowhere = document.activeElement === document.body;
  const { successor, hadFocus } = takeOutAll(new Set(rows().filter((row) => wanted.has(keyOf(row)))));
  if (hadFocus || isNowhere) {
    (focusable(successor) ?? document.getElementById("main")).focus();
  }
  changed();
  const asked = address;
  const fresh = await fetchFiles(asked);
  if (asked !== address) {
    return;
  }
  if (successor) {
    replaceTotals(fresh);
  } else {
    replaceAll(fresh);
  }
}

/** Return how many rows there are; asks the groups, which know their children by number. */
export const rowCount = () =>
  [...(list.querySelector("#rows")?.children ?? [])].reduce((sum, group) => sum + group.children.length, 0);

/** Return the groups of a page that was fetched, without the rows that are here: one may have been put
    where it belongs, or renamed, since. Costs what the page costs, however long the list is. */
function addedGroups(fresh) {
  known ??= new Set(rows().map(keyOf));
  for (const row of rowsIn(fresh)) {
    if (known.has(keyOf(row))) {
      takeOut(row);
    } else {
      known.add(keyOf(row));
    }
  }
  const groups = [...fresh.querySelectorAll("#rows > *")].map((group) => document.importNode(group, true));
  groups.forEach(showTimes);
  return groups;
}

/** Append the next page of rows, `limit` of them or as many as the server likes. Returns the first of
    its groups, null where there was no next page. */
export async function appendMore(limit = null) {
  const link = document.getElementById("more");
  if (!link || link.hasAttribute("aria-busy")) {
    return null;
  }
  link.setAttribute("aria-busy", "true");
  const fresh = await fetchFiles(limit ? `${link.href}&limit=${limit}` : link.href).catch((failure) => {
    link.removeAttribute("aria-busy");
    throw failure;
  });
  if (!link.isConnected) {
    // Another list is open by now.
    return null;
  }
  if (!list.querySelector("#rows")) {
    replaceAll(fresh);
    return list.querySelector("#rows > *");
  }
  const groups = addedGroups(fresh);
  list.querySelector("#rows").append(...groups);
  const next = fresh.getElementById("more");
  if (next) {
    link.href = next.getAttribute("href");
    link.removeAttribute("aria-busy");
  } else {
    link.parentElement.remove();
  }
  changed(groups.flatMap((group) => [...group.children]));
  return groups[0] ?? null;
}

/** Append the next page in place of going there; the focus goes to its first row. */
async function showMore(link) {
  try {
    const group = await appendMore();
    focusable(group)?.focus({ preventScroll: true });
  } catch (failure) {
    if (failure.status === 0 || isAway(failure)) {
      warn(failure.message);
    } else {
      location.assign(link.href);
    }
  }
}

export function bindMore() {
  list.addEventListener("click", (event) => {
    const link = event.target.closest("#more");
    if (link) {
      event.preventDefault();
      showMore(link);
    }
  });
}
