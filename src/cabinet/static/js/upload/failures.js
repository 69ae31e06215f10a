/* Why uploads failed, and what to do about it: once for all tasks with the same reason, beside the task if there is
   only one.

   Two reasons are the same if they differ only in the name of the file.

   Rule: reads tasks and draws them; changes nothing. */

import { byId, copyOf, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { nameOf } from "../core/paths.js";
import { countText, has, text } from "../core/texts.js";

/** @import { Task } from "./task.js" */

// Replaces the names in a message about several files.
const PLACEHOLDER = "…";
// A quoted name, in English or Russian quotes.
const QUOTED = /([“«])([^”»]+)([”»])/g;

const place = byId("uploads-failures");

// The tasks with a shared message.
/** @type {Set<Task>} */
let grouped = new Set();

/** Return the message of a failure, with advice if there is any.
    @type {(task: Task) => string} */
function explain({ failure }) {
  const { message, type } = failure ?? { message: "", type: "" };
  const cure = `cure.${type}`;
  return has(cure) ? `${message} ${text(cure)}` : message;
}

/** Return the message of a failed task without the file's name, which may be shortened in it.
    @type {(task: Task) => string} */
function withoutName(task) {
  /** @type {(words: string) => boolean} */
  const isOfIt = (words) => task.path.startsWith(words) || nameOf(task.path).startsWith(words);
  return explain(task).replace(QUOTED, (whole, start, words, end) =>
    isOfIt(words) ? start + PLACEHOLDER + end : whole,
  );
}

/** Return the failed tasks grouped by message; a message that is the same for all keeps its names.
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

/** Return the message beside a failed task.
    @type {(task: Task) => string} */
export const failureMessage = (task) => (grouped.has(task) ? text("not-uploaded") : explain(task));

/** Draw one message for each group of failed tasks with the same reason.
    @type {(tasks: Task[]) => void} */
export function drawFailures(tasks) {
  const groups = groupsOf(tasks).filter(({ alike }) => alike.length > 1);
  grouped = new Set(groups.flatMap(({ alike }) => alike));
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
