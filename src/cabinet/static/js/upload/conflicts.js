/* Check for name conflicts before files are sent, and ask how to resolve them. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { base, sendJson } from "../core/http.js";
import { countText } from "../core/texts.js";
import { listPaths, openDialog } from "../ui/dialogs.js";

/** @import { Task } from "./task.js" */

// The server's limit for one lookup.
const PATHS = 1000;

const dialog = byId("conflicts", HTMLDialogElement);

/** Return the entry at each of `paths`, null where there is none.
    @type {(paths: string[]) => Promise<(object | null)[]>} */
async function lookUp(paths) {
  try {
    const { entries } = await sendJson("POST", `${base}lookup`, { paths });
    return entries;
  } catch (failure) {
    if (failure.status !== 422) {
      throw failure;
    }
    // An invalid name is rejected later on its own; here it must not affect the others.
    if (paths.length === 1) {
      return [null];
    }
    const middle = Math.ceil(paths.length / 2);
    return [...(await lookUp(paths.slice(0, middle))), ...(await lookUp(paths.slice(middle)))];
  }
}

/** Return the tasks whose name is taken.
    @type {(tasks: Task[]) => Promise<Task[]>} */
export async function findConflicts(tasks) {
  /** @type {Task[]} */
  const taken = [];
  for (let start = 0; start < tasks.length; start += PATHS) {
    const some = tasks.slice(start, start + PATHS);
    const entries = await lookUp(some.map((task) => task.path));
    taken.push(...some.filter((_, index) => entries[index]));
  }
  return taken;
}

/** Ask how to resolve all conflicts; resolves to "replace", "rename", "skip", or "" to cancel.
    @type {(taken: Task[]) => Promise<string>} */
function askOnce(taken) {
  byId("conflicts-title").textContent = countText("taken", taken.length, {
    count: number(taken.length),
  });
  listPaths(
    dialog,
    taken.map((task) => task.path),
  );
  return openDialog(dialog);
}

/** @type {Promise<string>} */
let asked = Promise.resolve("");

/** Ask as `askOnce` does, after any earlier question is answered.
    @type {(taken: Task[]) => Promise<string>} */
export function askAbout(taken) {
  asked = asked.then(() => askOnce(taken));
  return asked;
}
