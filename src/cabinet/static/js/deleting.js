/* Deleting into the trash and for ever, and putting back what is in the trash.

   Rule: what can be undone is done at once; what cannot is asked about first. */

import { lookUp, purgeAll, purgeIds, restoreIds, trashPaths, wholly } from "./changes.js";
import { number } from "./format.js";
import { confirm, resolveConflict } from "./questions.js";
import { arrived, left, lost, nameOf, showAnew } from "./reconciling.js";
import { countText, text } from "./texts.js";
import { say } from "./toasts.js";
import { remember } from "./undo.js";

const told = (entries, one, many) =>
  entries.length === 1 ? text(one, entries[0]) : countText(many, entries.length, { count: number(entries.length) });

/** Bring back what `trashed` says is in the trash, as long as nothing else has taken its place. */
async function bringBack(trashed) {
  const back = await wholly(restoreIds(trashed.map(({ id }) => id)));
  await arrived(back.map(({ path }) => path));
}

/** Put `entries` into the trash, and offer to bring them back. */
export async function trash(entries) {
  const done = [];
  try {
    for await (const some of trashPaths(entries.map(({ path }) => path))) {
      done.push(...some);
      await left(some.map((each) => each.from));
    }
  } catch (failure) {
    await lost(failure);
  }
  if (done.length) {
    remember(told(done, "deleted", "deleted-many"), () => bringBack(done));
  }
}

/** Restore what is in the trash as `ids`; where something is in its place, ask. */
async function restoring(entries) {
  const ids = entries.map(({ trashId }) => trashId);
  try {
    return await wholly(restoreIds(ids));
  } catch (failure) {
    if (failure.type !== "entry-exists") {
      throw failure;
    }
    const taken = (await lookUp(entries.map(({ path }) => path))).filter(Boolean);
    const choice = await resolveConflict(taken.map(({ path }) => path), { canSkip: false });
    return choice ? wholly(restoreIds(ids, choice)) : [];
  }
}

/** Put `entries` of the trash back where they were, and offer to delete them again. */
export async function restore(entries) {
  try {
    const back = await restoring(entries);
    if (!back.length) {
      return;
    }
    await left(entries.map(({ path }) => path));
    remember(told(back, "restored", "restored-many"), async () => {
      await wholly(trashPaths(back.map(({ path }) => path)));
      await showAnew();
    });
  } catch (failure) {
    await lost(failure);
  }
}

/** Ask, then remove `entries`, in the trash or not, for ever. */
export async function purge(entries) {
  const isOne = entries.length === 1;
  const title = isOne
    ? text("purge-one", { name: nameOf(entries[0]) })
    : countText("purge-many", entries.length, { count: number(entries.length) });
  if (!(await confirm(title, text(isOne ? "purge-text" : "purge-many-text"), "purge"))) {
    return;
  }
  try {
    const there = entries.filter(({ trashId }) => !trashId);
    const trashed = there.length ? await wholly(trashPaths(there.map(({ path }) => path))) : [];
    await purgeIds([...entries.map(({ trashId }) => trashId), ...trashed.map(({ id }) => id)].filter(Boolean));
    await left(entries.map(({ path }) => path));
    say(text("purged"));
  } catch (failure) {
    await lost(failure);
  }
}

/** Ask, then remove everything in the trash for ever. */
export async function emptyTrash() {
  if (!(await confirm(text("empty-title"), text("empty-text"), "empty"))) {
    return;
  }
  try {
    await purgeAll();
    await showAnew();
    say(text("emptied"));
  } catch (failure) {
    await lost(failure);
  }
}
