/* How actions and commands are run, and what they are told.

   Rule: knows none of them; the tables know them. */

import { tell } from "../ui/errors.js";

const main = document.getElementById("main");

/** Return what an action is told besides the entries; `opener` gets the focus back. */
export const contextOf = (selection, opener = null) => ({
  place: main.dataset.place,
  folder: main.dataset.folder,
  selection,
  opener,
});

/** Run an action or a command with what it takes. */
export function perform({ run }, ...told) {
  const done = run(...told);
  if (done instanceof Promise) {
    done.catch(tell);
  }
  return done;
}
