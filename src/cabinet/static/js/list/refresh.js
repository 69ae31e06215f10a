/* The list on the page, brought to what the server has, by one request however long it is.

   The page says by their tags which rows it shows, and how far its list goes. The answer is that page as it
   is now, where what stays is named by its place and all else is drawn. So what shows is the first part of
   the list at one moment, and "Show more" is there when something follows it.

   Rule: no row is moved; one that is elsewhere now, or another, is taken out and comes anew. */

import { byId, part, parts } from "../core/dom.js";
import { fetchPage } from "../core/http.js";
import { showTimes } from "../core/times.js";
import {
  addressShown,
  changed,
  focusable,
  isCountedAnew,
  keyOf,
  noteChange,
  oneByOne,
  replaceAll,
  replaceMore,
  replaceTotals,
  rows,
  withList,
} from "./list.js";
import { kept } from "./remembered.js";
import { putBehind, takeOut } from "./row-groups.js";

const NEW_FOR_MS = 2_000;
// A list that shows to its end goes on with what arrives, and with so many rows that others brought meanwhile.
const ROOM = 200;
// Longer than this no list gets by itself; what somebody has asked for stays.
const LONGEST = 20_000;
// The most that the server compares.
const MOST_ROWS = 100_000;
// What it does not compare: too much at a time, or a cursor that is none any more.
const REFUSED = new Set([413, 422]);

/** A group of rows that are drawn anew, and how many of those that show stand before it.
    @typedef {{ group: HTMLElement, place: number }} Drawn */

const list = byId("list");
const main = byId("main");
/** @type {() => HTMLElement | null} */
const body = () => list.querySelector("#rows");

/** @type {(row: HTMLElement) => void} */
function markNew(row) {
  row.classList.add("is-new");
  setTimeout(() => row.classList.remove("is-new"), NEW_FOR_MS);
}

/** Leave `row` as it is while somebody types in it, marked, for once they have done it is drawn anew; tells
    whether that is so.
    @type {(row: HTMLElement) => boolean} */
function isPutOff(row) {
  const isTypedIn = row.classList.contains("is-renaming");
  row.classList.toggle("is-outdated", isTypedIn);
  return isTypedIn;
}

/** Take out the rows in `gone`. Returns the next one, if any, and whether the focus has gone with them.
    @type {(gone: Set<HTMLElement>) => { successor?: HTMLElement, hadFocus: boolean }} */
function takeOutAll(gone) {
  const all = rows();
  const last = all.findLastIndex((row) => gone.has(row));
  /** @type {(row: HTMLElement) => boolean} */
  const rest = (row) => !gone.has(row);
  const successor = all.slice(last + 1).find(rest) ?? all.slice(0, Math.max(last, 0)).findLast(rest);
  const hadFocus = [...gone].some((row) => row.contains(document.activeElement));
  gone.forEach(takeOut);
  return { successor, hadFocus };
}

/** Ask for the page at `address` as it is now, compared with the rows in `shown`.
    @type {(address: string, shown: HTMLElement[], arriving: number) => Promise<Document>} */
async function compare(address, shown, arriving) {
  const url = new URL(address, location.href);
  url.pathname += "/rows";
  const { sort, order } = main.dataset;
  const liked = kept();
  const isLiked = (liked.get("sort") ?? "name") === sort && (liked.get("order") ?? "asc") === order;
  if (sort && !isLiked && !url.searchParams.has("sort")) {
    // In another tab somebody likes lists otherwise by now; this one stays as it is.
    url.searchParams.set("sort", sort);
    url.searchParams.set("order", order ?? "asc");
  }
  const more = document.querySelector("a#more");
  const until = more instanceof HTMLAnchorElement ? new URL(more.href).searchParams.get("after") : null;
  const most = Math.max(shown.length, until ? LONGEST : Math.min(shown.length + arriving + ROOM, LONGEST));
  const sent = shown.slice(0, MOST_ROWS);
  const tags = sent.map((row) => row.getAttribute("data-tag"));
  return withList(await fetchPage(url, { tags, until, most: Math.min(most, MOST_ROWS) }));
}

/** Return what `fresh` says of the rows in `shown`: the groups of new ones, each with the number of those
    before it, and the set of those that stay.
    @type {(fresh: Document, shown: HTMLElement[]) => { groups: Drawn[], staying: Set<HTMLElement> }} */
function read(fresh, shown) {
  /** @type {Drawn[]} */
  const groups = [];
  /** @type {Set<HTMLElement>} */
  const staying = new Set();
  let place = 0;
  for (const group of parts(fresh, "#rows > *")) {
    if (group.dataset.kept) {
      const [start, stop] = group.dataset.kept.split(" ").map(Number);
      shown.slice(start, stop).forEach((row) => staying.add(row));
      place = stop;
    } else {
      groups.push({ group: document.importNode(group, true), place });
    }
  }
  return { groups, staying };
}

/** Draw the rows of `group` behind the row `before`; each takes the focus of what it takes the place of
    in `leaving`. Returns the last of them.
    @type {(group: HTMLElement, before: Element | null, leaving: Map<string, HTMLElement>) => Element | null} */
function draw(group, before, leaving) {
  /** @type {Element | null} */
  let focused = null;
  for (const row of [...group.children]) {
    const old = leaving.get(keyOf(row));
    if (old && isPutOff(old)) {
      row.remove();
    } else if (old?.contains(document.activeElement)) {
      focused = row;
    }
  }
  const last = group.lastElementChild;
  if (!last) {
    return before;
  }
  showTimes(group);
  putBehind(before, group, part(list, "#rows"));
  if (focused) {
    focusable(focused)?.focus({ preventScroll: true });
  }
  return last;
}

/** Make the rows in `shown` those of `fresh`; tells whether they are others now.
    @type {(fresh: Document, shown: HTMLElement[]) => boolean} */
function apply(fresh, shown) {
  const { groups, staying } = read(fresh, shown);
  // What was taken out since it was asked is not put back.
  /** @type {(row: HTMLElement) => boolean} */
  const stays = (row) => staying.has(row) && row.isConnected;
  const leaving = shown.filter((row) => !staying.has(row) && row.isConnected);
  const byKey = new Map(leaving.map((row) => [keyOf(row), row]));
  /** @type {Element | null} */
  let last = null;
  let passed = 0;
  for (const { group, place } of groups) {
    last = draw(group, shown.slice(passed, place).findLast(stays) ?? last, byKey);
    passed = place;
  }
  const gone = new Set(leaving.filter((row) => !isPutOff(row)));
  if (gone.size) {
    const { successor, hadFocus } = takeOutAll(gone);
    if (hadFocus) {
      (focusable(successor) ?? main).focus({ preventScroll: true });
    }
  }
  return groups.length + gone.size > 0;
}

/** Bring the list up to date, and mark the rows whose keys are `wanted`; tells whether that is all.
    @type {(wanted: Set<string>) => Promise<boolean>} */
async function update(wanted) {
  const [asked, drawn, shown] = [addressShown(), body(), rows()];
  const fresh = await compare(asked, shown, wanted.size).catch((failure) => {
    if (!REFUSED.has(failure.status)) {
      throw failure;
    }
    return fetchPage(asked).then(withList);
  });
  if (asked !== addressShown() || drawn !== body()) {
    // Another list is open by now.
    return false;
  }
  const hadFocus = list.contains(document.activeElement);
  if (!drawn || !fresh.querySelector("#rows")) {
    replaceAll(fresh);
    if (hadFocus) {
      main.focus({ preventScroll: true });
    }
  } else {
    // What does not show counts, too: who has selected everything has to hear of it.
    const isOther = [isCountedAnew(fresh), apply(fresh, shown)].some(Boolean);
    replaceMore(fresh);
    replaceTotals(fresh);
    if (isOther) {
      changed();
    }
  }
  if (wanted.size) {
    rows()
      .filter((row) => wanted.has(keyOf(row)))
      .forEach(markNew);
  }
  return !fresh.querySelector("#rows[data-has-rest]");
}

/** @type {Set<string>} */
let arriving = new Set();
/** @type {Promise<void> | null} */
let waiting = null;

/** Show what the server has now, after a change of whatever kind; the rows of `keys` are marked as new.
    Raises `Failure`.
    @type {(keys?: string[]) => Promise<void>} */
export function refresh(keys = []) {
  noteChange();
  keys.forEach((key) => arriving.add(key));
  waiting ??= oneByOne(async () => {
    const wanted = arriving;
    arriving = new Set();
    waiting = null;
    while (!(await update(wanted)));
  });
  return waiting;
}

/** Take the rows of `keys` away, which are done with, and then show what the server has now; the focus goes
    to the next row if it was there, or nowhere. Raises `Failure`.
    @type {(keys: string[]) => Promise<void>} */
export async function removeRows(keys) {
  // Not a look through the list for each of them: they may be thousands.
  const gone = new Set(keys);
  const isNowhere = document.activeElement === document.body;
  const { successor, hadFocus } = takeOutAll(new Set(rows().filter((row) => gone.has(keyOf(row)))));
  if (hadFocus || isNowhere) {
    (focusable(successor) ?? main).focus();
  }
  changed();
  await refresh();
}
