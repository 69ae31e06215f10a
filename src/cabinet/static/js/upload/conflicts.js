/* What is in the way of files, asked before any of them is sent, and what shall become of it. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { exchange, root } from "../core/http.js";
import { countText } from "../core/texts.js";
import { ask, nameSome } from "../ui/dialogs.js";

/** @import { Task } from "./task.js" */

// As many as the server answers for at a time.
const PATHS = 1000;

const dialog = byId("conflicts", HTMLDialogElement);

/** Return what is at each of `paths`, null where nothing is.
    @type {(paths: string[]) => Promise<(object | null)[]>} */
async function lookUp(paths) {
  try {
    const { entries } = await exchange("POST", `${root}lookup`, { paths });
    return entries;
  } catch (failure) {
    if (failure.status !== 422) {
      throw failure;
    }
    // One of them cannot be a name. It will be refused by itself; here it must not spoil the others.
    if (paths.length === 1) {
      return [null];
    }
    const middle = Math.ceil(paths.length / 2);
    return [...(await lookUp(paths.slice(0, middle))), ...(await lookUp(paths.slice(middle)))];
  }
}

/** Return those of `tasks` whose place is taken.
    @type {(tasks: Task[]) => Promise<Task[]>} */
export async function takenOf(tasks) {
  /** @type {Task[]} */
  const taken = [];
  for (let start = 0; start < tasks.length; start += PATHS) {
    const some = tasks.slice(start, start + PATHS);
    const entries = await lookUp(some.map((task) => task.path));
    taken.push(...some.filter((_, index) => entries[index]));
  }
  return taken;
}

/** Ask what to do with all of `taken`; resolves to "replace", "rename", "skip", or "" for none of it.
    @type {(taken: Task[]) => Promise<string>} */
function askOnce(taken) {
  byId("conflicts-title").textContent = countText("taken", taken.length, {
    count: number(taken.length),
  });
  nameSome(
    dialog,
    taken.map((task) => task.path),
  );
  return ask(dialog);
}

/** @type {Promise<string>} */
let asked = Promise.resolve("");

/** Ask as `askOnce` does, once the question before is answered.
    @type {(taken: Task[]) => Promise<string>} */
export function askAbout(taken) {
  asked = asked.then(() => askOnce(taken));
  return asked;
}
