/* The list after a change made on this page: rows that left go at once, then the list is as the server has it.

   Rule: rows are named by their keys, a path or in the trash an id; what the list does not show is ignored. */

import { isAway } from "../core/identity.js";
import { entryWithin, foldersAbove } from "../core/paths.js";
import { makeObstacle, retry } from "../core/retry.js";
import { signedIn } from "../session/signin.js";
import { warn } from "../ui/toasts.js";
import { model, refresh, removeRows, rowOf } from "./list.js";
import { focusable } from "./rows.js";

/** @import { Failing } from "../core/retry.js" */
/** @import { Entry } from "./rows.js" */

/** @type {<T>(value: T | null | undefined) => value is T} */
const isThere = (value) => value !== null && value !== undefined;

const obstacleOf = makeObstacle(signedIn);

/** Return the key of the row that shows what is at `path`, or the folder that contains it; null if there is none.
    @type {(path: string) => string | null} */
export function shownKey(path) {
  const { kind, folder } = model.place;
  return kind === "folder" ? entryWithin(folder ?? "", path) : path;
}

/** Take out the rows of entries that have left the list; a row that had the focus gives it to the next.
    @type {(keys: string[]) => Promise<void>} */
export async function showRemoved(keys) {
  const gone = new Set(keys);
  // A search result may lie anywhere below a folder that has gone.
  /** @type {(key: string) => boolean} */
  const isGone = (key) =>
    gone.has(key) || (model.place.kind === "search" && foldersAbove(key).some((path) => gone.has(path)));
  const shown = model.rows.map(({ key }) => key).filter(isGone);
  if (shown.length) {
    await removeRows(shown);
  } else if (keys.some((key) => shownKey(key) !== null)) {
    // It was counted, and may have been the last one that "Show more" led to.
    await refresh();
  }
}

/** Show what is at `paths` now, if it belongs to the open list; the focus goes to the first if it is nowhere.
    @type {(paths: string[]) => Promise<void>} */
export async function showAdded(paths) {
  const entries = new Set(paths.map(shownKey).filter(isThere));
  if (entries.size) {
    await refresh([...entries]);
    if (document.activeElement === document.body) {
      const [first] = entries;
      focusable(rowOf(first))?.focus({ preventScroll: true });
    }
  }
}

/** Say why a change failed, in `words`, and update the list as soon as possible: part of the change may have
    happened.
    @type {(failure: Failing & { message: string }, words?: string) => void} */
export function reportFailure(failure, words = failure.message) {
  warn(words);
  if (!isAway(failure)) {
    retry(
      () => refresh(),
      obstacleOf,
      () => {},
    ).catch((later) => warn(later.message));
  }
}

/** Mark the rows of `entries` as busy while `change()` runs.
    @type {<T>(entries: Entry[], change: () => Promise<T>) => Promise<T>} */
export async function whileBusy(entries, change) {
  const marked = entries.map(({ row }) => row).filter(isThere);
  marked.forEach((row) => row.setAttribute("aria-busy", "true"));
  try {
    return await change();
  } finally {
    marked.forEach((row) => row.removeAttribute("aria-busy"));
  }
}
