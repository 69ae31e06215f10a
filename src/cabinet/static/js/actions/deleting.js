/* Delete to the trash, delete permanently, and restore from the trash.

   Rule: what can be undone needs no confirmation, what cannot does; guests of a link can undo no deletion. Entries in the trash have a `trashId`, which is
   also the key of their rows. */

import { number } from "../core/format.js";
import { may } from "../core/rights.js";
import { countText, text } from "../core/texts.js";
import { refresh } from "../list/list.js";
import { reportFailure, showAdded, showRemoved, whileBusy } from "../list/updates.js";
import { askConflict, confirm } from "../ui/dialogs.js";
import { notify } from "../ui/toasts.js";
import {
  collect,
  lookUp,
  newestTrashed,
  purgeAll,
  purgeIds,
  restoreIds,
  resumableChange,
  trashPaths,
} from "./changes.js";
import { trashQuery } from "./perform.js";
import { pushUndo } from "./undo.js";

/** @import { Entries } from "../list/selection.js" */
/** @import { Entry } from "../list/rows.js" */
/** @import { ApiEntry } from "./changes.js" */

const everything = () => import("./everything.js");

/** @type {(entries: { path: string }[]) => string[]} */
const pathsOf = (entries) => entries.map(({ path }) => path);
/** @type {(entries: Entry[]) => string[]} */
const keysOf = (entries) => entries.map(({ path, trashId }) => trashId ?? path);
/** @type {(entries: Entry[]) => string[]} */
const trashIdsOf = (entries) => entries.flatMap(({ trashId }) => trashId ?? []);
/** @type {(trashed: { id: string }[]) => string[]} */
const idsOf = (trashed) => trashed.map(({ id }) => id);

/** @type {(entries: { name: string }[], one: string, many: string) => string} */
const counted = (entries, one, many) =>
  entries.length === 1
    ? text(one, entries[0])
    : countText(many, entries.length, { count: number(entries.length) });

/** Run a change while the rows of `entries` are marked busy; show an error if it fails.
    @type {(entries: Entry[], change: () => Promise<void>) => Promise<void>} */
function attempt(entries, change) {
  return whileBusy(entries, () => change().catch(reportFailure));
}

/** Return the entries that are not busy: a button may be pressed twice.
    @type {(entries: Entry[]) => Entry[]} */
const idle = (entries) => entries.filter(({ row }) => row?.ariaBusy !== "true");

/** Ask to confirm leaving shared folders; `areSome` says that other entries are deleted as well.
    @type {(mounts: Entry[], areSome: boolean) => Promise<boolean>} */
const confirmLeaving = (mounts, areSome) =>
  confirm(
    counted(mounts, "leave-one", "leave-many"),
    text("leave-text"),
    text(areSome ? "act-trash" : "act-leave"),
  );

/** Ask to confirm a deletion that only the owner of the files can undo.
    @type {(entries: Entry[]) => Promise<boolean>} */
const confirmDeletion = (entries) =>
  confirm(counted(entries, "delete-one", "delete-many"), text("delete-text"), text("act-trash"));

/** Move the selected entries to the trash, and offer to undo it.
    @type {(selected: Entries) => Promise<unknown>} */
export async function trash(selected) {
  if (selected.everything) {
    return (await everything()).trashEverything(selected);
  }
  const entries = idle(selected);
  const mounts = entries.filter(({ isMount }) => isMount);
  if (!may("own") && !(await confirmDeletion(entries))) {
    return null;
  }
  // Only the owner can share the folder again.
  if (mounts.length && !(await confirmLeaving(mounts, mounts.length < entries.length))) {
    return null;
  }
  /** @type {ApiEntry[]} */
  const done = [];
  /** @type {string[]} */
  const gone = [];
  await attempt(entries, async () => {
    for await (const some of trashPaths(pathsOf(entries))) {
      done.push(...some);
    }
    gone.push(...pathsOf(mounts));
  });
  if (gone.length) {
    notify(counted(mounts, "left", "left-many"));
  }
  if (done.length && !may("own")) {
    notify(counted(done, "deleted", "deleted-many"));
  } else if (done.length) {
    const restoreAgain = resumableChange(restoreIds, idsOf(done));
    pushUndo("delete", counted(done, "deleted", "deleted-many"), async () => {
      const back = await restoreAgain();
      await showRemoved(idsOf(done));
      await showAdded(pathsOf(back));
    });
  }
  if (done.length || gone.length) {
    await showRemoved([...done.map(({ from = "" }) => from), ...gone]).catch(reportFailure);
  }
  return null;
}

/** Restore `entries` from the trash, and ask about conflicts. Returns the restored entries as `back`, and what was
    moved to the trash for them as `replaced`.
    @type {(entries: Entry[]) => Promise<{ back: ApiEntry[], replaced: ApiEntry[] }>} */
async function restoreEntries(entries) {
  const ids = trashIdsOf(entries);
  try {
    return { back: await collect(restoreIds(ids)), replaced: [] };
  } catch (failure) {
    if (failure.type !== "entry-exists") {
      throw failure;
    }
  }
  const paths = pathsOf(entries);
  const existing = pathsOf((await lookUp(paths)).flatMap((entry) => entry ?? []));
  // Otherwise two of the entries have the same path.
  const clashing = paths.filter((path, index) => paths.indexOf(path) !== index);
  const inTheWay = existing.length ? existing : clashing;
  const choice = await askConflict(inTheWay, { canSkip: false, canReplace: !clashing.length });
  const back = choice ? await collect(restoreIds(ids, choice)) : [];
  return { back, replaced: choice === "replace" ? await newestTrashed(existing).catch(() => []) : [] };
}

/** Restore the selected entries to where they were, and offer to undo it.
    @type {(selected: Entries) => Promise<unknown>} */
export async function restore(selected) {
  if (selected.everything) {
    return (await everything()).restoreEverything(selected);
  }
  const entries = idle(selected);
  return attempt(entries, async () => {
    const { back, replaced } = await restoreEntries(entries);
    if (back.length) {
      const deleteAgain = resumableChange(trashPaths, pathsOf(back));
      const restoreAgain = resumableChange(restoreIds, idsOf(replaced));
      pushUndo("restore", counted(back, "restored", "restored-many"), async () => {
        await deleteAgain();
        await restoreAgain();
        await refresh();
      });
      await showRemoved(keysOf(entries));
    }
  });
}

/** Ask, then permanently delete `entries`, in the trash or not.
    @type {(entries: Entries) => Promise<unknown>} */
export async function purge(entries) {
  if (entries.everything) {
    return (await everything()).purgeAllOf(entries);
  }
  const words = text(entries.length === 1 ? "purge-text" : "purge-many-text");
  if (!(await confirm(counted(entries, "purge-one", "purge-many"), words, text("purge")))) {
    return null;
  }
  return attempt(entries, async () => {
    // Through the trash: if the second step fails, nothing is lost.
    const existing = entries.filter(({ trashId }) => !trashId);
    const added = await collect(trashPaths(pathsOf(existing)));
    await purgeIds([...trashIdsOf(entries), ...idsOf(added)]);
    notify(text("purged"));
    await showRemoved(keysOf(entries));
  });
}

/** Ask, then permanently delete everything in the trash. */
export async function emptyTrash() {
  if (await confirm(text("empty-title"), text("empty-text"), text("empty"))) {
    await attempt([], async () => {
      await purgeAll(trashQuery());
      notify(text("emptied"));
      await refresh();
    });
  }
}
