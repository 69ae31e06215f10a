/* Deleting into the trash and for ever, and putting back what is in the trash.

   Rule: what can be undone is done at once; what cannot is asked about first. In the trash, entries
   have a `trashId`, by which their rows are known, too. */

import { number } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { refresh } from "../list/refresh.js";
import { arrived, busy, left, lost } from "../list/updates.js";
import { askWhatGives, confirm } from "../ui/dialogs.js";
import { say } from "../ui/toasts.js";
import {
  inTurn,
  lookUp,
  newestTrashed,
  purgeAll,
  purgeIds,
  restoreIds,
  trashPaths,
  wholly,
} from "./changes.js";
import { remember } from "./undo.js";

/** @import { Entries } from "../list/selection.js" */
/** @import { Entry } from "../list/list.js" */
/** @import { Told } from "./changes.js" */

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

/** Do a change, with the rows of `entries` busy; say so where it fails.
    @type {(entries: Entry[], change: () => Promise<void>) => Promise<void>} */
function attempt(entries, change) {
  return busy(entries, () => change().catch(lost));
}

/** Return those that nothing is being done with: a button may be pressed twice.
    @type {(entries: Entry[]) => Entry[]} */
const idle = (entries) => entries.filter(({ row }) => row?.ariaBusy !== "true");

/** Ask whether to let go of shared folders, perhaps beside others; tells the answer.
    @type {(mounts: Entry[], areSome: boolean) => Promise<boolean>} */
const confirmLeaving = (mounts, areSome) =>
  confirm(
    counted(mounts, "leave-one", "leave-many"),
    text("leave-text"),
    text(areSome ? "act-trash" : "act-leave"),
  );

/** Put `chosen` entries into the trash, and offer to bring them back.
    @type {(chosen: Entries) => Promise<unknown>} */
export async function trash(chosen) {
  if (chosen.everything) {
    return (await everything()).trashEverything(chosen);
  }
  const entries = idle(chosen);
  const mounts = entries.filter(({ isMount }) => isMount);
  // Only who shared a folder can bring it back.
  if (mounts.length && !(await confirmLeaving(mounts, mounts.length < entries.length))) {
    return null;
  }
  /** @type {Told[]} */
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
    say(counted(mounts, "left", "left-many"));
  }
  if (done.length) {
    const bringBack = inTurn(restoreIds, idsOf(done));
    remember(counted(done, "deleted", "deleted-many"), async () => {
      const back = await bringBack();
      await left(idsOf(done));
      await arrived(pathsOf(back));
    });
  }
  if (done.length || gone.length) {
    await left([...done.map(({ from = "" }) => from), ...gone]).catch(lost);
  }
  return null;
}

/** Put `entries` of the trash back; where something is in their place, ask. Returns what is `back`, and what
    lies in the trash now because it was `replaced`.
    @type {(entries: Entry[]) => Promise<{ back: Told[], replaced: Told[] }>} */
async function putBack(entries) {
  const ids = trashIdsOf(entries);
  try {
    return { back: await wholly(restoreIds(ids)), replaced: [] };
  } catch (failure) {
    if (failure.type !== "entry-exists") {
      throw failure;
    }
  }
  const paths = pathsOf(entries);
  const there = pathsOf((await lookUp(paths)).flatMap((entry) => entry ?? []));
  // Else it is one of them that is in the way of another.
  const clashing = paths.filter((path, index) => paths.indexOf(path) !== index);
  const inTheWay = there.length ? there : clashing;
  const choice = await askWhatGives(inTheWay, { canSkip: false, canReplace: !clashing.length });
  const back = choice ? await wholly(restoreIds(ids, choice)) : [];
  return { back, replaced: choice === "replace" ? await newestTrashed(there).catch(() => []) : [] };
}

/** Put `chosen` entries of the trash back where they were, and offer to delete them again.
    @type {(chosen: Entries) => Promise<unknown>} */
export async function restore(chosen) {
  if (chosen.everything) {
    return (await everything()).restoreEverything(chosen);
  }
  const entries = idle(chosen);
  return attempt(entries, async () => {
    const { back, replaced } = await putBack(entries);
    if (back.length) {
      const deleteAgain = inTurn(trashPaths, pathsOf(back));
      const bringBack = inTurn(restoreIds, idsOf(replaced));
      remember(counted(back, "restored", "restored-many"), async () => {
        await deleteAgain();
        await bringBack();
        await refresh();
      });
      await left(keysOf(entries));
    }
  });
}

/** Ask, then remove `entries`, in the trash or not, for ever.
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
    // By way of the trash: should the second step fail, nothing is lost that was not to be lost.
    const there = entries.filter(({ trashId }) => !trashId);
    const added = await wholly(trashPaths(pathsOf(there)));
    await purgeIds([...trashIdsOf(entries), ...idsOf(added)]);
    say(text("purged"));
    await left(keysOf(entries));
  });
}

/** Ask, then remove everything in the trash for ever. */
export async function emptyTrash() {
  if (await confirm(text("empty-title"), text("empty-text"), text("empty"))) {
    await attempt([], async () => {
      await purgeAll();
      say(text("emptied"));
      await refresh();
    });
  }
}
