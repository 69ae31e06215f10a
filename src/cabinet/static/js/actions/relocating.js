/* Move and copy to a folder, picked in a dialog or by dragging, and undo.

   Rule: all conflicts are asked about once, before anything is sent. */

import { number } from "../core/format.js";
import { Failure } from "../core/http.js";
import { below, nameOf, parentOf } from "../core/paths.js";
import { countText, text } from "../core/texts.js";
import { focusOn } from "../list/focus.js";
import { refresh } from "../list/list.js";
import { reportFailure, showAdded, showRemoved, whileBusy } from "../list/updates.js";
import { askConflict } from "../ui/dialogs.js";
import {
  lookUp,
  newestTrashed,
  relocatePaths,
  restoreIds,
  resumableChange,
  trashPaths,
  undoAll,
} from "./changes.js";
import { countOf, isOne } from "./entries.js";
import { folderTitle } from "./places.js";
import { isAmong, reasonAgainst } from "./targets.js";
import { pushUndo } from "./undo.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Entries } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */

/** Entries to be moved or copied, with the same conflict resolution.
    @typedef {{ items: Entry[], onConflict: string }} Part */

/** A moved or copied entry: where it is now, and whether it replaced another one.
    @typedef {{ entry: Entry, to: string, replaced: boolean, batch?: string }} Done */

/** @typedef {"move" | "copy"} Kind */

// A name may be taken between the question and the request; the question is repeated up to this often.
const ATTEMPTS = 3;

/** @type {(path: string) => number} */
const depthOf = (path) => (path ? path.split("/").length : 0);
/** @type {(path: string) => string} */
const asFolder = (path) => (path ? `${path}/` : "");
/** @type {(entries: { path: string }[]) => string[]} */
const pathsOf = (entries) => entries.map(({ path }) => path);

/** Split `entries` into those that can go to `folder` and those with a conflict: with its content or with each other.
    @type {(entries: Entry[], folder: string) => Promise<{ free: Entry[], taken: Entry[], isClash: boolean }>} */
async function splitConflicts(entries, folder) {
  const existing = await lookUp(entries.map(({ name }) => below(folder, name)));
  const names = entries.map(({ name }) => name);
  /** @type {(entry: Entry, index: number) => boolean} */
  const isTaken = (entry, index) => existing[index] !== null || names.indexOf(entry.name) < index;
  return {
    free: entries.filter((entry, index) => !isTaken(entry, index)),
    taken: entries.filter(isTaken),
    // One would replace the other.
    isClash: new Set(names).size < names.length,
  };
}

/** Return what to send, as groups of entries with the same conflict resolution.
    @type {(kind: Kind, entries: Entry[], folder: string) => Promise<Part[]>} */
async function makePlan(kind, entries, folder) {
  /** @type {(entry: Entry) => boolean} */
  const isSameFolder = ({ path }) => parentOf(path) === folder;
  // A copy in the same folder needs another name; a move to the same folder does nothing.
  const beside = kind === "copy" ? entries.filter(isSameFolder) : [];
  const { free, taken, isClash } = await splitConflicts(
    entries.filter((entry) => !isSameFolder(entry)),
    folder,
  );
  const inTheWay = taken.map(({ name }) => below(folder, name));
  const choice = taken.length ? await askConflict(inTheWay, { canReplace: !isClash }) : "skip";
  if (!choice) {
    return [];
  }
  return [
    { items: beside, onConflict: "rename" },
    { items: free, onConflict: "fail" },
    { items: choice === "skip" ? [] : taken, onConflict: choice },
  ].filter(({ items }) => items.length);
}

/** Send one group to `folder`; appends the results to `done`.
    @type {(kind: Kind, part: Part, folder: string, done: Done[]) => Promise<void>} */
async function send(kind, { items, onConflict }, folder, done) {
  let count = 0;
  const address = kind === "move" ? "moves" : "copies";
  for await (const entries of relocatePaths(address, pathsOf(items), asFolder(folder), onConflict)) {
    for (const { path } of entries) {
      done.push({ entry: items[count], to: path, replaced: onConflict === "replace", batch: entries.batch });
      count += 1;
    }
  }
}

/** Plan and send; again for the rest if a name was taken meanwhile.
    @type {(kind: Kind, entries: Entry[], folder: string, done: Done[]) => Promise<void>} */
async function execute(kind, entries, folder, done) {
  for (let attempt = 1; ; attempt += 1) {
    const gone = new Set(done.map(({ entry }) => entry));
    try {
      const plan = await makePlan(
        kind,
        entries.filter((entry) => !gone.has(entry)),
        folder,
      );
      for (const part of plan) {
        await send(kind, part, folder, done);
      }
      return;
    } catch (failure) {
      if (failure.type !== "entry-exists" || attempt === ATTEMPTS) {
        throw failure;
      }
    }
  }
}

/** Raise `Failure` if there is an entry at any of `paths`.
    @type {(paths: string[]) => Promise<void>} */
async function expectFree(paths) {
  const taken = (await lookUp(paths)).find(Boolean);
  if (taken) {
    throw new Failure(409, text("taken-again", { path: taken.path }));
  }
}

/** Return a function that moves everything back to its old folder and name; it resolves to the old paths.
    @type {(done: Done[]) => () => Promise<string[]>} */
function undoMove(done) {
  const from = done.map(({ entry }) => entry.path);
  const groups = Map.groupBy(done, ({ entry, to }) =>
    nameOf(to) === entry.name ? asFolder(parentOf(entry.path)) : entry.path,
  );
  // A folder before its content, or it would be created again.
  const steps = [...groups]
    .toSorted(([a], [b]) => depthOf(a) - depthOf(b))
    .map(([to, group]) =>
      resumableChange(
        (some) => relocatePaths("moves", some, to),
        group.map((each) => each.to),
      ),
    );
  let isBegun = false;
  return async () => {
    if (!isBegun) {
      await expectFree(from);
      isBegun = true;
    }
    for (const step of steps) {
      await step();
    }
    await showRemoved(done.map(({ to }) => to));
    return from;
  };
}

/** Return a function that moves the copies to the trash; it resolves to no paths.
    @type {(done: Done[]) => () => Promise<string[]>} */
function undoCopy(done) {
  const copies = done.map(({ to }) => to);
  const trashCopies = resumableChange(trashPaths, copies);
  return async () => {
    await trashCopies();
    await showRemoved(copies);
    return [];
  };
}

/** Return a function that undoes the batches that crossed spaces, the last one first, including what they replaced.
    Called again after a failure, it continues with the rest.
    @type {(kind: Kind, done: Done[]) => () => Promise<void>} */
function undoBatches(kind, done) {
  const remaining = [...new Set(done.flatMap(({ batch }) => (batch ? [batch] : [])))].reverse();
  const address = kind === "move" ? "moves/undo" : "trash";
  return async () => {
    const isNeeded = remaining.length > 0;
    for (; remaining.length; remaining.shift()) {
      await undoAll(address, remaining[0]);
    }
    if (isNeeded) {
      await refresh();
    }
  };
}

/** Offer to undo it; replaced entries are restored from the trash as well.
    @type {(kind: Kind, done: Done[], folder: string) => Promise<void>} */
async function offerUndo(kind, done, folder) {
  const plain = done.filter(({ batch }) => !batch);
  const replaced = plain.filter((each) => each.replaced).map(({ to }) => to);
  const trashed = replaced.length ? await newestTrashed(replaced).catch(() => []) : [];
  const values = { folder: folderTitle(folder) };
  const word = kind === "move" ? "moved" : "copied-to";
  const message =
    done.length === 1
      ? text(word, { ...values, name: nameOf(done[0].to) })
      : countText(`${word}-many`, done.length, { ...values, count: number(done.length) });
  const undo = undoBatches(kind, done);
  const undoPlain = plain.length ? (kind === "move" ? undoMove : undoCopy)(plain) : async () => [];
  const restore = resumableChange(
    restoreIds,
    trashed.map(({ id }) => id),
  );
  pushUndo(kind, message, async () => {
    await undo();
    const back = await undoPlain();
    await showAdded([...back, ...pathsOf(await restore())]);
  });
}

/** @type {(kind: Kind, entries: Entries, folder: string) => Promise<void>} */
async function relocate(kind, entries, folder) {
  if (entries.everything) {
    await (await import("./everything.js")).relocateEverything(kind, entries, folder);
    return;
  }
  /** @type {Done[]} */
  const done = [];
  await whileBusy(entries, () => execute(kind, entries, folder, done).catch(reportFailure));
  if (done.length) {
    await offerUndo(kind, done, folder);
    try {
      await showRemoved(kind === "move" ? done.map(({ entry }) => entry.path) : []);
      await showAdded(done.map(({ to }) => to));
    } catch (failure) {
      reportFailure(failure);
    }
  }
}

/** @type {(kind: Kind, entries: Entries) => string} */
const titleOf = (kind, entries) =>
  isOne(entries)
    ? text(`${kind}-one`, entries[0])
    : countText(`${kind}-many`, countOf(entries), { count: number(countOf(entries)) });

/** @type {(kind: Kind, entries: Entries, context: Context) => Promise<void>} */
async function pickAndRelocate(kind, entries, { place, folder, opener }) {
  const { pickFolder } = await import("./folder-picker.js");
  const target = await pickFolder({
    title: titleOf(kind, entries),
    label: text(`${kind}-here`),
    start: place === "folder" ? folder : parentOf(entries[0].path),
    reasonAgainst: (path) => reasonAgainst(kind, entries, path),
    isClosed: (path) => isAmong(entries, path),
  });
  if (document.activeElement === document.body) {
    opener?.focus();
  }
  if (target !== null) {
    const last = entries.at(-1)?.row;
    if (kind === "move" && last && opener?.closest("#selection-bar")) {
      // The bar disappears with the entries; from the last of them the focus goes to the next row.
      focusOn(last, { preventScroll: true });
    }
    await relocate(kind, entries, target);
  }
}

/** Ask for a folder and move `entries` there.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export const moveTo = (entries, context) => pickAndRelocate("move", entries, context);

/** Ask for a folder and copy `entries` there.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export const copyTo = (entries, context) => pickAndRelocate("copy", entries, context);

/** Move or copy `entries` into the folder at `path`.
    @type {(entries: Entries, path: string, how?: { isCopy?: boolean }) => Promise<void>} */
export const moveInto = (entries, path, { isCopy = false } = {}) =>
  relocate(isCopy ? "copy" : "move", entries, path);
