/* Why files were not uploaded: the cause and what can be done about it, said once for all that failed
   alike, and beside the file where it is the only one.

   Two failures are alike when they say the same but for the name of the file.

   Rule: reads tasks and draws; decides nothing about them. */

import { byId, copyOf, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { nameOf } from "../core/paths.js";
import { countText, has, text } from "../core/texts.js";

/** @import { Task } from "./task.js" */

// What stands for the names of files, where one sentence is about several.
const ANY_NAME = "…";
// A name, in the one language and the other.
const QUOTED = /([“«])([^”»]+)([”»])/g;

const place = byId("uploads-failures");

// The tasks that a sentence for several of them speaks of.
/** @type {Set<Task>} */
let together = new Set();

/** Return the cause of a failure, and the cure where that is another sentence.
    @type {(task: Task) => string} */
function explain({ failure }) {
  const { message, type } = failure ?? { message: "", type: "" };
  const cure = `cure.${type}`;
  return has(cure) ? `${message} ${text(cure)}` : message;
}

/** Return what is said of all that failed as `task` did; a long name may be cut in it.
    @type {(task: Task) => string} */
function withoutName(task) {
  /** @type {(words: string) => boolean} */
  const isOfIt = (words) => task.path.startsWith(words) || nameOf(task.path).startsWith(words);
  return explain(task).replace(QUOTED, (whole, start, words, end) =>
    isOfIt(words) ? start + ANY_NAME + end : whole,
  );
}

/** Return the tasks that failed, by what is said of them; what all say alike keeps its names.
    @type {(tasks: Task[]) => { words: string, alike: Task[] }[]} */
function groupsOf(tasks) {
  const groups = Map.groupBy(
    tasks.filter(({ state }) => state === "failed"),
    withoutName,
  );
  return [...groups].map(([words, alike]) => {
    const [first, ...others] = alike.map(explain);
    return { words: others.every((other) => other === first) ? first : words, alike };
  });
}

/** Return what stands beside a task that failed.
    @type {(task: Task) => string} */
export const sayWhy = (task) => (together.has(task) ? text("not-uploaded") : explain(task));

/** Say of `tasks` once why those did not arrive that failed alike.
    @type {(tasks: Task[]) => void} */
export function drawFailures(tasks) {
  const groups = groupsOf(tasks).filter(({ alike }) => alike.length > 1);
  together = new Set(groups.flatMap(({ alike }) => alike));
  const lines = groups.map(({ words, alike: { length: count } }) =>
    countText("failed-alike", count, { count: number(count), why: words }),
  );
  const shown = parts(place, "p").map(({ textContent }) => textContent);
  place.hidden = lines.length === 0;
  if (lines.join("\n") !== shown.join("\n")) {
    place.replaceChildren(
      ...lines.map((line) => {
        const item = copyOf("upload-failure");
        part(item, "p").textContent = line;
        return item;
      }),
    );
  }
}
