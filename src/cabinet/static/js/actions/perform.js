/* Runs actions and commands with their context.

   Rule: knows none of them; they are in the tables. */

import { byId } from "../core/dom.js";
import { may } from "../core/rights.js";
import { showError } from "../ui/errors.js";

/** @import { Selection } from "../list/selection.js" */

/** The context of an action: the kind of place and its folder, the selection, and the element that gets the focus
    back.
    @typedef {{ place: string, folder: string, selection: Selection, opener: HTMLElement | null }} Context */

const main = byId("main");

/** Return the context of an action; `opener` gets the focus back.
    @type {(selection: Selection, opener?: HTMLElement | null) => Context} */
export const contextOf = (selection, opener = null) => ({
  place: main.dataset.place ?? "",
  folder: main.dataset.folder ?? "",
  selection,
  opener,
});

/** Return whether nothing can be added to the open folder: a link does not give that, or it is shared with the role
    "viewer". */
export const isReadOnly = () => !may("write") || main.dataset.role === "viewer";

/** Return the query for requests about the trash that is shown: that of a team space, or the user's own.
    @type {() => string} */
export const trashQuery = () =>
  main.dataset.team ? `?${new URLSearchParams({ path: main.dataset.team })}` : "";

/** Return whether items in the trash that is shown may be permanently deleted: by managers, and in the user's own. */
export const mayPurge = () => (main.dataset.role ?? "manager") === "manager";

/** Run an action or command; show an error if it fails.
    @type {<T extends unknown[], R>(action: { run: (...args: T) => R }, ...args: T) => R} */
export function perform({ run }, ...args) {
  const done = run(...args);
  if (done instanceof Promise) {
    done.catch(showError);
  }
  return done;
}
