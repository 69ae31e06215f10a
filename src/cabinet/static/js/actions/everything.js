/* What is done to everything in a place: to what is loaded and to what is not, by one request.

   The entries of a selection carry `everything` then: the `folder`, or null in the trash, what was taken
   out (`except`, by names or in the trash by ids), and the `count` of all others.

   Rule: the server has the last word on how many there are; when it counts others, nothing has happened,
   and what there is now can be selected again. */

import { number } from "../core/format.js";
import { Failure, tokenOf } from "../core/http.js";
import { nameOf } from "../core/paths.js";
import { countText, text } from "../core/texts.js";
import { addressShown, fetchFiles } from "../list/list.js";
import { refresh } from "../list/refresh.js";
import { busy, lost } from "../list/updates.js";
import { renewing } from "../session/renewing.js";
import { renewToken } from "../session/signin.js";
import { askWhatGives, confirm } from "../ui/dialogs.js";
import { say, warn } from "../ui/toasts.js";
import { copyAll, moveAll, purgeEverything, restoreAll, trashAll, undoAll } from "./changes.js";
import { remember } from "./undo.js";
import { post } from "./zip-form.js";

/** @import { Entries, Everything } from "../list/selection.js" */

// What the server says of a number that does not fit any more, and of a name in use.
const CHANGED = "selection-changed";
const IN_THE_WAY = "entry-exists";

/** @type {(key: string, everything: Everything, told?: object) => string} */
const counted = (key, { count }, told = {}) => countText(key, count, { count: number(count), ...told });

/** Return what is meant by entries of everything.
    @type {(entries: Entries) => Everything} */
const everythingOf = ({ everything }) => /** @type {Everything} */ (everything);

/** Tell that there are others now, and offer to select those.
    @type {(failure: Failure, everything: Everything) => Promise<void>} */
async function tellOfChange(failure, everything) {
  await refresh().catch((later) => warn(later.message));
  const again = () => Promise.resolve(everything.again()).catch((later) => warn(later.message));
  warn(failure.message, { label: text("select-again"), run: again });
}

/** Do a change of the entries, with the rows of those that are loaded busy; say so where it fails.
    @type {(entries: Entries, change: (everything: Everything) => Promise<void>) => Promise<void>} */
function attempt(entries, change) {
  const everything = everythingOf(entries);
  return busy(entries, async () => {
    try {
      await change(everything);
    } catch (failure) {
      if (failure.type === CHANGED) {
        await tellOfChange(failure, everything);
      } else {
        lost(failure);
      }
    }
  });
}

/** Say what was done, and offer to undo it by the address that undoes such a batch.
    @type {(message: string, address: string, batch: string) => Promise<void>} */
async function done(message, address, batch) {
  remember(message, async () => {
    await undoAll(address, batch);
    await refresh();
  });
  await refresh();
}

/** Put everything into the trash.
    @type {(entries: Entries) => Promise<void>} */
export const trashEverything = (entries) =>
  attempt(entries, async (everything) => {
    const { batch } = await trashAll(everything);
    await done(counted("deleted-many", everything), "trash/restore", batch);
  });

/** Do `change(onConflict)`; where something is in the way, ask, and do it as that is answered. Resolves to
    null when it is not to be done.
    @type {<T>(change: (onConflict: string) => Promise<T>, first?: string) => Promise<T | null>} */
async function yielding(change, first = "fail") {
  try {
    return await change(first);
  } catch (failure) {
    if (failure.type !== IN_THE_WAY) {
      throw failure;
    }
  }
  const choice = await askWhatGives([], { canSkip: false, title: text("some-exist") });
  return choice ? change(choice) : null;
}

/** Put everything in the trash back where it was.
    @type {(entries: Entries) => Promise<void>} */
export const restoreEverything = (entries) =>
  attempt(entries, async (everything) => {
    const answer = await yielding((onConflict) => restoreAll(everything, onConflict));
    if (answer) {
      await done(counted("restored-many", everything), "trash", answer.batch);
    }
  });

/** Ask, then remove everything for ever, in the trash or by way of it.
    @type {(entries: Entries) => Promise<void>} */
export async function purgeAllOf(entries) {
  const everything = everythingOf(entries);
  if (!(await confirm(counted("purge-many", everything), text("purge-many-text"), text("purge")))) {
    return;
  }
  await attempt(entries, async () => {
    await purgeEverything(everything);
    say(text("purged"));
    await refresh();
  });
}

/** Move or copy ("move", "copy") everything into `folder`.
    @type {(kind: string, entries: Entries, folder: string) => Promise<void>} */
export const relocateEverything = (kind, entries, folder) =>
  attempt(entries, async (everything) => {
    const relocate = kind === "move" ? moveAll : copyAll;
    // A copy beside its original can only have another name.
    const first = kind === "copy" && folder === everything.folder ? "rename" : "fail";
    const answer = await yielding((onConflict) => relocate(everything, folder, onConflict), first);
    if (answer) {
      const word = kind === "move" ? "moved-many" : "copied-to-many";
      const told = { folder: folder ? nameOf(folder) : text("your-files") };
      await done(counted(word, everything, told), kind === "move" ? "moves/undo" : "trash", answer.batch);
    }
  });

/** Raise `Failure` unless there are as many as were selected: to what is posted there is no answer here.
    @type {(everything: Everything) => Promise<void>} */
async function expectSame({ except, count }) {
  const fresh = await fetchFiles(addressShown());
  const now = Number(fresh.getElementById("totals")?.dataset.count ?? 0) - except.length;
  if (now !== count) {
    throw new Failure(409, text("selection-changed", { count: number(now) }), { type: CHANGED, count: now });
  }
}

/** @type {(name: string, value: string) => HTMLInputElement} */
function hiddenField(name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  return field;
}

/** Download everything in one archive.
    @type {(entries: Entries) => Promise<void>} */
export const downloadEverything = (entries) =>
  attempt(entries, async (everything) => {
    await expectSame(everything);
    // What is posted carries the token, and can be posted once.
    await renewing(renewToken);
    const form = document.createElement("form");
    form.method = "post";
    form.hidden = true;
    const { folder, except, count } = everything;
    form.append(
      hiddenField("csrf_token", tokenOf(document)),
      hiddenField("folder", folder ?? ""),
      hiddenField("count", String(count)),
      // In one field, between slashes, for a form has only so many.
      ...(except.length ? [hiddenField("except", except.join("/"))] : []),
    );
    document.body.append(form);
    post(form);
    form.remove();
  });
