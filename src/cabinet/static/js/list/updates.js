/* The list on the page after a change: what left goes at once, and then all is as the server has it.

   Rule: rows are known by their keys, a path or in the trash an id; what does not show is passed over. */

import { byId } from "../core/dom.js";
import { isAway } from "../core/identity.js";
import { entryWithin, foldersAbove } from "../core/paths.js";
import { makeObstacle, persist } from "../core/retry.js";
import { signedIn } from "../session/signin.js";
import { warn } from "../ui/toasts.js";
import { focusable, keyOf, rowOf, rows } from "./list.js";
import { refresh, removeRows } from "./refresh.js";

/** @import { Failing } from "../core/retry.js" */
/** @import { Entry } from "./list.js" */

const page = byId("main").dataset;

/** @type {<T>(value: T | null | undefined) => value is T} */
const isThere = (value) => value !== null && value !== undefined;

const obstacleOf = makeObstacle(signedIn);

/** Return the key of the row that shows what is at `path`, or the folder that holds it; null for none.
    @type {(path: string) => string | null} */
export const shownAs = (path) => (page.place === "folder" ? entryWithin(page.folder ?? "", path) : path);

/** @type {(key: string) => void} */
const focusOn = (key) => focusable(rowOf(key))?.focus({ preventScroll: true });

/** Take away the rows of what has left the list; a row that had the focus gives it to the next.
    @type {(keys: string[]) => Promise<void>} */
export async function left(keys) {
  const gone = new Set(keys);
  // What was found may lie anywhere below what has gone.
  /** @type {(key: string) => boolean} */
  const isGone = (key) =>
    gone.has(key) || (page.place === "search" && foldersAbove(key).some((path) => gone.has(path)));
  const shown = rows().map(keyOf).filter(isGone);
  if (shown.length) {
    await removeRows(shown);
  } else if (keys.some((key) => shownAs(key) !== null)) {
    // It was counted, and may have been the last that "Show more" led to.
    await refresh();
  }
}

/** Show what is at `paths` now, as far as this list has a place for it.
    @type {(paths: string[]) => Promise<void>} */
export async function arrived(paths) {
  const entries = new Set(paths.map(shownAs).filter(isThere));
  if (entries.size) {
    await refresh([...entries]);
    if (document.activeElement === document.body) {
      focusOn([...entries][0]);
    }
  }
}

/** Say why a change failed, in `words`, and bring the list up to date as soon as that is possible: how
    much of it has happened, nobody here knows.
    @type {(failure: Failing & { message: string }, words?: string) => void} */
export function lost(failure, words = failure.message) {
  warn(words);
  if (!isAway(failure)) {
    persist(
      () => refresh(),
      obstacleOf,
      () => {},
    ).catch((later) => warn(later.message));
  }
}

/** Mark the rows of `entries` as busy for as long as `change()` runs.
    @type {<T>(entries: Entry[], change: () => Promise<T>) => Promise<T>} */
export async function busy(entries, change) {
  const marked = entries.map(({ row }) => row).filter(isThere);
  marked.forEach((row) => row.setAttribute("aria-busy", "true"));
  try {
    return await change();
  } finally {
    marked.forEach((row) => row.removeAttribute("aria-busy"));
  }
}
