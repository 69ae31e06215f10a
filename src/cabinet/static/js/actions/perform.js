/* How actions and commands are run, and what they are told.

   Rule: knows none of them; the tables know them. */

import { byId } from "../core/dom.js";
import { tell } from "../ui/errors.js";

/** @import { Selection } from "../list/selection.js" */

/** What an action is told besides the entries: the kind of place and its folder, what is chosen, and what gets the
    focus back.
    @typedef {{ place: string, folder: string, selection: Selection, opener: HTMLElement | null }} Context */

const main = byId("main");

/** Return what an action is told besides the entries; `opener` gets the focus back.
    @type {(selection: Selection, opener?: HTMLElement | null) => Context} */
export const contextOf = (selection, opener = null) => ({
  place: main.dataset.place ?? "",
  folder: main.dataset.folder ?? "",
  selection,
  opener,
});

/** Whether nothing may be put into the open folder: somebody shared it, to be looked at. */
export const isReadOnly = () => main.dataset.role === "viewer";

/** Run an action or a command with what it takes.
    @type {<T extends unknown[], R>(action: { run: (...told: T) => R }, ...told: T) => R} */
export function perform({ run }, ...told) {
  const done = run(...told);
  if (done instanceof Promise) {
    done.catch(tell);
  }
  return done;
}
