/* Which folders can be the target of a move or copy, and why others cannot. */

import { entryWithin, isWithin, nameOf, parentOf } from "../core/paths.js";
import { text } from "../core/texts.js";

/** @import { Entries } from "../list/selection.js" */

/** Return whether the folder at `path` is one of `entries` or inside one.
    @type {(entries: Entries, path: string) => boolean} */
export function isAmong(entries, path) {
  if (entries.everything) {
    const { folder, except } = entries.everything;
    const entry = entryWithin(folder ?? "", path);
    return entry !== null && !except.includes(nameOf(entry));
  }
  return entries.some((entry) => entry.kind === "folder" && isWithin(entry.path, path));
}

/** Return why `entries` cannot be moved or copied ("move", "copy") to the folder at `path`, "" if they can.
    @type {(kind: string, entries: Entries, path: string) => string} */
export function reasonAgainst(kind, entries, path) {
  if (isAmong(entries, path)) {
    return text("move-into-itself");
  }
  if (kind === "move" && entries.some((entry) => entry.isMount)) {
    return text("mount-stays");
  }
  const isSameFolder = entries.everything
    ? entries.everything.folder === path
    : entries.every((entry) => parentOf(entry.path) === path);
  return kind === "move" && isSameFolder ? text("is-there-already") : "";
}
