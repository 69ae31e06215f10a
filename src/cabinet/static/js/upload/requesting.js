/* Creates and connects the parts of uploading on the page of a request for files, which lists nothing of the server:
   it shows what this visitor has sent, as this browser remembers it.

   Rule: asks the server for no list. */

import { byId, copyOf, part } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { warn } from "../ui/toasts.js";
import { forgetUnfinished, readSent, unfinishedNames, writeSent } from "./sent-store.js";
import { makeUploads } from "./setup.js";

/** @import { Dropped } from "../actions/drop.js" */
/** @import { Sent } from "./sent-store.js" */
/** @import { Task } from "./task.js" */

// Names of unfinished uploads that are shown, and of empty folders.
const MAX_NAMED = 5;

const { queue, enqueuer } = makeUploads();
const sent = readSent();
/** @type {Map<Task, Sent>} */
const recorded = new Map();

/** @type {(one: Sent) => HTMLElement} */
function lineOf({ name, bytes, at, isVerified }) {
  const line = copyOf("sent-item");
  part(line, "bdi").textContent = name;
  const amount = part(line, ".sent-size");
  amount.textContent = size(bytes);
  amount.title = exactSize(bytes);
  part(line, "time", HTMLTimeElement).dateTime = at;
  part(line, ".sent-verified").hidden = !isVerified;
  return line;
}

function draw() {
  const list = byId("sent-list");
  byId("sent").hidden = sent.length === 0;
  byId("sent-count").textContent = countText("sent", sent.length, { count: number(sent.length) });
  list.replaceChildren(...sent.toReversed().map(lineOf));
  showTimes(list);
}

function drawUnfinished() {
  const names = queue.hasUnfinished ? [] : unfinishedNames();
  const note = byId("unfinished");
  note.hidden = names.length === 0;
  part(note, "p").textContent = names.length
    ? countText("resume-by-selecting", names.length, {
        count: number(names.length),
        names: names.slice(0, MAX_NAMED).join(", "),
      })
    : "";
}

/** @type {(event: Event) => void} */
function record(event) {
  /** @type {Task} */
  const task = /** @type {CustomEvent} */ (event).detail;
  // Not the stored name: a number in it would tell of a file that the visitor may not see.
  const one = { name: task.path, bytes: task.size, at: new Date().toISOString(), isVerified: false };
  sent.push(one);
  recorded.set(task, one);
  writeSent(sent);
  draw();
}

function markVerified() {
  const verified = [...recorded].filter(([task, one]) => task.isVerified && !one.isVerified);
  for (const [, one] of verified) {
    one.isVerified = true;
  }
  if (verified.length) {
    writeSent(sent);
    draw();
  }
}

queue.addEventListener("stored", record);
queue.addEventListener("change", markVerified);
queue.addEventListener("settled", () => {
  const { done, failed } = queue.totals();
  byId("thanks").hidden = failed > 0 || done === 0;
  drawUnfinished();
});
byId("sent-forget").addEventListener("click", () => {
  sent.length = 0;
  writeSent(sent);
  draw();
  byId("main").focus();
});
byId("unfinished-forget").addEventListener("click", () => {
  forgetUnfinished();
  drawUnfinished();
  byId("main").focus();
});
draw();
drawUnfinished();

/** Send `{file, path}` items, and say that `{path}` items, which are empty folders, are not sent: the link lets its
    visitors make none, because the answer would tell which there are.
    @type {(items: Dropped[]) => Promise<void>} */
export function upload(items) {
  const folders = items.filter(({ file }) => !file).map(({ path }) => path);
  if (folders.length) {
    const more = folders.length > MAX_NAMED ? ", …" : "";
    warn(text("folders-not-sent", { names: folders.slice(0, MAX_NAMED).join(", ") + more }));
  }
  byId("thanks").hidden = true;
  byId("unfinished").hidden = true;
  return enqueuer.add(items.flatMap(({ file, path }) => (file ? { file, path } : [])));
}
