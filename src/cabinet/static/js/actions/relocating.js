/* Moving and copying into a folder, chosen in a dialog or by dragging, and all of it undone.

   Rule: everything in the way is asked about once, before anything is sent. */

import { number } from "../core/format.js";
import { Failure } from "../core/http.js";
import { below, nameOf, parentOf } from "../core/paths.js";
import { countText, text } from "../core/texts.js";
import { focusOn } from "../list/focus.js";
import { refresh } from "../list/refresh.js";
import { arrived, busy, left, lost } from "../list/updates.js";
import { askWhatGives } from "../ui/dialogs.js";
import { inTurn, lookUp, newestTrashed, relocatePaths, restoreIds, trashPaths, undoAll } from "./changes.js";
import { countOf, isOne } from "./entries.js";
import { isAmong, reasonAgainst } from "./targets.js";
import { remember } from "./undo.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Entries } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */

/** What is moved or copied, with the one answer for what is in its way.
    @typedef {{ going: Entry[], onConflict: string }} Part */

/** What an entry became: where it is now, and whether something had to give way for it.
    @typedef {{ entry: Entry, to: string, replaced: boolean, batch?: string }} Done */

/** @typedef {"move" | "copy"} Kind */

// Somebody else may take a name between the question and the request; that often, it is asked again.
const ATTEMPTS = 3;

/** @type {(path: string) => number} */
const depthOf = (path) => (path ? path.split("/").length : 0);
/** @type {(path: string) => string} */
const asFolder = (path) => (path ? `${path}/` : "");
/** @type {(entries: { path: string }[]) => string[]} */
const pathsOf = (entries) => entries.map(({ path }) => path);

/** Split `entries` into those that may go to `folder` as they are, and those whose name is taken there or by
    another of them.
    @type {(entries: Entry[], folder: string) => Promise<{ free: Entry[], taken: Entry[], isClash: boolean }>} */
async function sortOut(entries, folder) {
  const there = await lookUp(entries.map(({ name }) => below(folder, name)));
  const names = entries.map(({ name }) => name);
  /** @type {(entry: Entry, index: number) => boolean} */
  const isTaken = (entry, index) => there[index] !== null || names.indexOf(entry.name) < index;
  return {
    free: entries.filter((entry, index) => !isTaken(entry, index)),
    taken: entries.filter(isTaken),
    // One would replace the other.
    isClash: new Set(names).size < names.length,
  };
}

/** Return what shall be sent, as lists of entries, each with what to do on a conflict.
    @type {(kind: Kind, entries: Entry[], folder: string) => Promise<Part[]>} */
async function agree(kind, entries, folder) {
  /** @type {(entry: Entry) => boolean} */
  const isHome = ({ path }) => parentOf(path) === folder;
  // A copy beside its original can only have another name; a move that leads nowhere is none.
  const beside = kind === "copy" ? entries.filter(isHome) : [];
  const { free, taken, isClash } = await sortOut(
    entries.filter((entry) => !isHome(entry)),
    folder,
  );
  const inTheWay = taken.map(({ name }) => below(folder, name));
  const choice = taken.length ? await askWhatGives(inTheWay, { canReplace: !isClash }) : "skip";
  if (!choice) {
    return [];
  }
  return [
    { going: beside, onConflict: "rename" },
    { going: free, onConflict: "fail" },
    { going: choice === "skip" ? [] : taken, onConflict: choice },
  ].filter(({ going }) => going.length);
}

/** Send `going` to `folder`; reports each pair of what it was and what it is now to `done`.
    @type {(kind: Kind, part: Part, folder: string, done: Done[]) => Promise<void>} */
async function send(kind, { going, onConflict }, folder, done) {
  let count = 0;
  const address = kind === "move" ? "moves" : "copies";
  for await (const entries of relocatePaths(address, pathsOf(going), asFolder(folder), onConflict)) {
    for (const { path } of entries) {
      done.push({ entry: going[count], to: path, replaced: onConflict === "replace", batch: entries.batch });
      count += 1;
    }
  }
}

/** Agree on what goes, and send it; again for the rest when a name was taken meanwhile.
    @type {(kind: Kind, entries: Entry[], folder: string, done: Done[]) => Promise<void>} */
async function carryOut(kind, entries, folder, done) {
  for (let attempt = 1; ; attempt += 1) {
    const gone = new Set(done.map(({ entry }) => entry));
    try {
      const plan = await agree(
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

/** Raise `Failure` unless nothing is at `paths`.
    @type {(paths: string[]) => Promise<void>} */
async function expectFree(paths) {
  const taken = (await lookUp(paths)).find(Boolean);
  if (taken) {
    throw new Failure(409, text("taken-again", { path: taken.path }));
  }
}

/** Return what moves all that was moved back to where it was, each into its folder and under its name;
    it resolves to where that is.
    @type {(done: Done[]) => () => Promise<string[]>} */
function moveBack(done) {
  const from = done.map(({ entry }) => entry.path);
  const groups = Map.groupBy(done, ({ entry, to }) =>
    nameOf(to) === entry.name ? asFolder(parentOf(entry.path)) : entry.path,
  );
  // A folder before what lay in it, or it would be made anew.
  const steps = [...groups]
    .toSorted(([a], [b]) => depthOf(a) - depthOf(b))
    .map(([to, group]) =>
      inTurn(
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
    await left(done.map(({ to }) => to));
    return from;
  };
}

/** Return what puts copies into the trash; nothing is anywhere else then.
    @type {(done: Done[]) => () => Promise<string[]>} */
function takeBack(done) {
  const copies = done.map(({ to }) => to);
  const trashCopies = inTurn(trashPaths, copies);
  return async () => {
    await trashCopies();
    await left(copies);
    return [];
  };
}

/** Return what undoes the batches by which things went to another space, the last one first, with what they
    replaced. Called again after a failure, it goes on with those that are left.
    @type {(kind: Kind, done: Done[]) => () => Promise<void>} */
function undoBatches(kind, done) {
  const left = [...new Set(done.flatMap(({ batch }) => (batch ? [batch] : [])))].reverse();
  const address = kind === "move" ? "moves/undo" : "trash";
  return async () => {
    const isNeeded = left.length > 0;
    for (; left.length; left.shift()) {
      await undoAll(address, left[0]);
    }
    if (isNeeded) {
      await refresh();
    }
  };
}

/** Offer to undo it all; what was replaced comes back from the trash then.
    @type {(kind: Kind, done: Done[], folder: string) => Promise<void>} */
async function offerUndo(kind, done, folder) {
  const plain = done.filter(({ batch }) => !batch);
  const replaced = plain.filter((each) => each.replaced).map(({ to }) => to);
  const trashed = replaced.length ? await newestTrashed(replaced).catch(() => []) : [];
  const told = { folder: folder ? nameOf(folder) : text("your-files") };
  const word = kind === "move" ? "moved" : "copied-to";
  const message =
    done.length === 1
      ? text(word, { ...told, name: nameOf(done[0].to) })
      : countText(`${word}-many`, done.length, { ...told, count: number(done.length) });
  const undo = undoBatches(kind, done);
  const goBack = plain.length ? (kind === "move" ? moveBack : takeBack)(plain) : async () => [];
  const restore = inTurn(
    restoreIds,
    trashed.map(({ id }) => id),
  );
  remember(message, async () => {
    await undo();
    const back = await goBack();
    await arrived([...back, ...pathsOf(await restore())]);
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
  await busy(entries, () => carryOut(kind, entries, folder, done).catch(lost));
  if (done.length) {
    await offerUndo(kind, done, folder);
    try {
      await left(kind === "move" ? done.map(({ entry }) => entry.path) : []);
      await arrived(done.map(({ to }) => to));
    } catch (failure) {
      lost(failure);
    }
  }
}

/** @type {(kind: Kind, entries: Entries) => string} */
const titleOf = (kind, entries) =>
  isOne(entries)
    ? text(`${kind}-one`, entries[0])
    : countText(`${kind}-many`, countOf(entries), { count: number(countOf(entries)) });

/** @type {(kind: Kind, entries: Entries, context: Context) => Promise<void>} */
async function choose(kind, entries, { place, folder, opener }) {
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
      // The bar goes with them; from the last of them the focus finds the next row.
      focusOn(last, { preventScroll: true });
    }
    await relocate(kind, entries, target);
  }
}

/** Ask for a folder and move `entries` there.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export const moveTo = (entries, context) => choose("move", entries, context);

/** Ask for a folder and copy `entries` there.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export const copyTo = (entries, context) => choose("copy", entries, context);

/** Move `entries`, or copy them, into the folder at `path`.
    @type {(entries: Entries, path: string, how?: { isCopy?: boolean }) => Promise<void>} */
export const moveInto = (entries, path, { isCopy = false } = {}) =>
  relocate(isCopy ? "copy" : "move", entries, path);
