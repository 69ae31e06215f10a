/* Which folders things can go to, and why not to others. */

import { isWithin, parentOf } from "./paths.js";
import { text } from "./texts.js";

/** Tell whether the folder at `path` is one of `entries` or lies in one. */
export const isAmong = (entries, path) =>
  entries.some((entry) => entry.kind === "folder" && isWithin(entry.path, path));

/** Return why `entries` cannot go ("move", "copy") to the folder at `path`, "" where they can. */
export function reasonAgainst(kind, entries, path) {
  if (isAmong(entries, path)) {
    return text("move-into-itself");
  }
  const isHome = entries.every((entry) => parentOf(entry.path) === path);
  return kind === "move" && isHome ? text("is-there-already") : "";
}
