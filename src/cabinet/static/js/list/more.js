/* The next page of the list, behind what shows.

   Rule: costs what the page costs, however long the list is; what else has changed is the business of
   list/refresh.js. */

import { around, byId, part, parts } from "../core/dom.js";
import { isAway } from "../core/identity.js";
import { showTimes } from "../core/times.js";
import { warn } from "../ui/toasts.js";
import {
  changed,
  fetchFiles,
  focusable,
  isCountedAnew,
  keyOf,
  oneByOne,
  onListChange,
  replaceAll,
  replaceMore,
  rows,
  rowsOf,
} from "./list.js";
import { refresh } from "./refresh.js";
import { takeOut } from "./row-groups.js";

const list = byId("list");

// All rows by their keys, once they are asked for; null when they may be others by now.
/** @type {Map<string, HTMLElement> | null} */
let known = null;

/** Return the groups of a page that was fetched, and whether one of its rows was here before: it has moved
    there since, and goes from where it was.
    @type {(fresh: Document) => { groups: HTMLElement[], hasMoved: boolean }} */
function addedGroups(fresh) {
  known ??= new Map(rows().map((row) => [keyOf(row), row]));
  const groups = parts(fresh, "#rows > *").map((group) => document.importNode(group, true));
  groups.forEach(showTimes);
  let hasMoved = false;
  for (const row of groups.flatMap(rowsOf)) {
    const old = known.get(keyOf(row));
    hasMoved ||= Boolean(old);
    if (old) {
      takeOut(old);
    }
    known.set(keyOf(row), row);
  }
  return { groups, hasMoved };
}

/** Append the page that `link` leads to. Returns the first of its groups, if any, and whether what was here
    before may be others by now.
    @type {(link: HTMLAnchorElement, limit: number | null) => Promise<{ first?: HTMLElement | null, isOther?: boolean }>} */
async function append(link, limit) {
  if (!link.isConnected) {
    return {};
  }
  const fresh = await fetchFiles(limit ? `${link.href}&limit=${limit}` : link.href);
  if (!link.isConnected) {
    // Another list is open by now.
    return {};
  }
  if (!list.querySelector("#rows")) {
    replaceAll(fresh);
    return { first: list.querySelector("#rows > *") };
  }
  const { groups, hasMoved } = addedGroups(fresh);
  part(list, "#rows").append(...groups);
  replaceMore(fresh);
  changed(hasMoved ? null : groups.flatMap(rowsOf));
  return { first: groups[0], isOther: isCountedAnew(fresh) };
}

/** Append the next page of rows, `limit` of them or as many as the server likes. Returns the first of
    its groups, null where there was no next page. Raises `Failure`.
    @type {(limit?: number | null) => Promise<HTMLElement | null>} */
export async function appendMore(limit = null) {
  const link = document.querySelector("a#more");
  if (!(link instanceof HTMLAnchorElement) || link.hasAttribute("aria-busy")) {
    return null;
  }
  link.setAttribute("aria-busy", "true");
  try {
    const { first, isOther } = await oneByOne(() => append(link, limit));
    if (isOther) {
      // Where that fails, the next change shows it.
      await refresh().catch(() => {});
    }
    return first ?? null;
  } finally {
    link.removeAttribute("aria-busy");
  }
}

/** Append the next page in place of going there; the focus goes to its first row.
    @type {(link: HTMLAnchorElement) => Promise<void>} */
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
    const link = around(event, "#more", HTMLAnchorElement);
    if (link) {
      event.preventDefault();
      showMore(link);
    }
  });
  onListChange(list, ({ added }) => {
    if (!added) {
      known = null;
    }
  });
}
