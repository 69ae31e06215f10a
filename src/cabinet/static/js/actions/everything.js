/* Actions on everything in a place, loaded or not, as one request.

   The entries of such a selection have `everything`: the `folder` (null in the trash), the exceptions (`except`:
   names, in the trash ids), and the `count` of the rest.

   Rule: the server decides whether the count is still right; if not, nothing has been changed, and the current
   content can be selected again. */

import { number } from "../core/format.js";
import { Failure, tokenOf } from "../core/http.js";
import { may } from "../core/rights.js";
import { countText, text } from "../core/texts.js";
import { model, refresh } from "../list/list.js";
import { fetchFiles } from "../list/page.js";
import { reportFailure, whileBusy } from "../list/updates.js";
import { renewToken } from "../session/signin.js";
import { withSession } from "../session/with-session.js";
import { askConflict, confirm } from "../ui/dialogs.js";
import { notify, warn } from "../ui/toasts.js";
import { copyAll, moveAll, purgeEverything, restoreAll, trashAll, undoAll } from "./changes.js";
import { trashQuery } from "./perform.js";
import { folderTitle } from "./places.js";
import { pushUndo } from "./undo.js";
import { post } from "./zip-form.js";

/** @import { Entries, Everything } from "../list/selection.js" */
/** @import { Change } from "./undo.js" */

// The server's problem types for an outdated count and a name conflict.
const CHANGED = "selection-changed";
const CONFLICT = "entry-exists";

/** @type {(key: string, everything: Everything, values?: object) => string} */
const counted = (key, { count }, values = {}) => countText(key, count, { count: number(count), ...values });

/** Return the `everything` of entries that have it.
    @type {(entries: Entries) => Everything} */
const everythingOf = ({ everything }) => /** @type {Everything} */ (everything);

/** Report that the content has changed, and offer to select it again.
    @type {(failure: Failure, everything: Everything) => Promise<void>} */
async function reportChange(failure, everything) {
  await refresh().catch((later) => warn(later.message));
  const again = () => Promise.resolve(everything.again()).catch((later) => warn(later.message));
  warn(failure.message, { label: text("select-again"), run: again });
}

/** Run a change while the loaded rows are marked busy; show an error if it fails.
    @type {(entries: Entries, change: (everything: Everything) => Promise<void>) => Promise<void>} */
function attempt(entries, change) {
  const everything = everythingOf(entries);
  return whileBusy(entries, async () => {
    try {
      await change(everything);
    } catch (failure) {
      if (failure.type === CHANGED) {
        await reportChange(failure, everything);
      } else {
        reportFailure(failure);
      }
    }
  });
}

/** Show a message that offers to undo the change `batch` at the given address.
    @type {(change: Change, message: string, address: string, batch: string) => Promise<void>} */
async function notifyDone(change, message, address, batch) {
  if (may("own")) {
    pushUndo(change, message, async () => {
      await undoAll(address, batch);
      await refresh();
    });
  } else {
    notify(message);
  }
  await refresh();
}

/** Move everything to the trash; whoever cannot undo that is asked first.
    @type {(entries: Entries) => Promise<void>} */
export const trashEverything = (entries) =>
  attempt(entries, async (everything) => {
    if (
      may("own") ||
      (await confirm(counted("delete-many", everything), text("delete-text"), text("act-trash")))
    ) {
      const { batch } = await trashAll(everything);
      await notifyDone("delete", counted("deleted-many", everything), "trash/restore", batch);
    }
  });

/** Run `change(onConflict)`; on a conflict ask, and run it again with the answer. Resolves to null if the user
    cancels.
    @type {<T>(change: (onConflict: string) => Promise<T>, first?: string) => Promise<T | null>} */
async function withConflictAnswer(change, first = "fail") {
  try {
    return await change(first);
  } catch (failure) {
    if (failure.type !== CONFLICT) {
      throw failure;
    }
  }
  const choice = await askConflict([], { canSkip: false, title: text("some-exist") });
  return choice ? change(choice) : null;
}

/** Restore everything in the trash.
    @type {(entries: Entries) => Promise<void>} */
export const restoreEverything = (entries) =>
  attempt(entries, async (everything) => {
    const answer = await withConflictAnswer((onConflict) => restoreAll(everything, onConflict, trashQuery()));
    if (answer) {
      await notifyDone("restore", counted("restored-many", everything), "trash", answer.batch);
    }
  });

/** Ask, then permanently delete everything.
    @type {(entries: Entries) => Promise<void>} */
export async function purgeAllOf(entries) {
  const everything = everythingOf(entries);
  if (!(await confirm(counted("purge-many", everything), text("purge-many-text"), text("purge")))) {
    return;
  }
  await attempt(entries, async () => {
    await purgeEverything(everything, trashQuery());
    notify(text("purged"));
    await refresh();
  });
}

/** Move or copy ("move", "copy") everything into `folder`.
    @type {(kind: "move" | "copy", entries: Entries, folder: string) => Promise<void>} */
export const relocateEverything = (kind, entries, folder) =>
  attempt(entries, async (everything) => {
    const relocate = kind === "move" ? moveAll : copyAll;
    // A copy in the same folder needs another name.
    const first = kind === "copy" && folder === everything.folder ? "rename" : "fail";
    const answer = await withConflictAnswer((onConflict) => relocate(everything, folder, onConflict), first);
    if (answer) {
      const word = kind === "move" ? "moved-many" : "copied-to-many";
      const values = { folder: folderTitle(folder) };
      await notifyDone(
        kind,
        counted(word, everything, values),
        kind === "move" ? "moves/undo" : "trash",
        answer.batch,
      );
    }
  });

/** Raise `Failure` if the number of entries has changed: the answer to a form cannot be read.
    @type {(everything: Everything) => Promise<void>} */
async function expectSame({ except, count }) {
  const fresh = await fetchFiles(model.place.address);
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

/** Download everything as one archive.
    @type {(entries: Entries) => Promise<void>} */
export const downloadEverything = (entries) =>
  attempt(entries, async (everything) => {
    await expectSame(everything);
    // The form carries the CSRF token, and cannot be retried.
    await withSession(renewToken);
    const form = document.createElement("form");
    form.method = "post";
    form.hidden = true;
    const { folder, except, count } = everything;
    form.append(
      hiddenField("csrf_token", tokenOf(document)),
      hiddenField("folder", folder ?? ""),
      hiddenField("count", String(count)),
      // One field with names separated by slashes, because the number of form fields is limited.
      ...(except.length ? [hiddenField("except", except.join("/"))] : []),
    );
    document.body.append(form);
    post(form);
    form.remove();
  });
