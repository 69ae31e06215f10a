/* One row of the upload panel: a task with its progress bar, status and buttons.

   Rule: shows a task and calls the queue; contains no transfer logic. */

import { copyOf, part } from "../core/dom.js";
import { exactSize, size } from "../core/format.js";
import { AWAY } from "../core/identity.js";
import { may } from "../core/rights.js";
import { text } from "../core/texts.js";
import { failureMessage } from "./failures.js";

/** @import { Obstacle } from "../core/retry.js" */
/** @import { Queue } from "./queue.js" */
/** @import { Task } from "./task.js" */

const LONG_NAME = 16;
const TAIL_LENGTH = 9;

/** @type {(task: Task) => string} */
const amount = (task) => `${size(task.sent)} / ${size(task.size)}`;
/** @type {(obstacle: Obstacle | null) => string} */
const obstacle = (held) => text(`held-${held?.why}`);

/** @type {(task: Task) => string} */
function arrival(task) {
  const { path, wasReplaced } = task.stored ?? { path: task.path, wasReplaced: false };
  const name = path.split("/").at(-1);
  // A number would tell a guest who may not list of a file that is there.
  const isRenamed = may("list") && task.onConflict === "rename" && path !== task.path;
  const said = isRenamed ? text("uploaded-as", { name }) : text(wasReplaced ? "replaced" : "uploaded");
  return task.isVerified ? `${said} · ${text("verified")}` : said;
}

/** @type {Record<string, (task: Task) => string>} */
const STATES = {
  asking: (task) => (task.obstacle ? obstacle(task.obstacle) : text("asking")),
  waiting: () => text("waiting"),
  sending: amount,
  storing: () => text("storing"),
  held: (task) => obstacle(task.obstacle),
  paused: (task) => text("paused", { amount: amount(task) }),
  done: arrival,
  failed: failureMessage,
  cancelled: () => text("cancelled"),
};

/** The "try again" action: retries failed tasks, and resumes those that wait for the user.
    @type {{ isFor: (task: Task) => boolean, act: (queue: Queue, tasks: Task[]) => void }} */
export const TRY_AGAIN = {
  isFor: ({ state, obstacle: held }) =>
    state === "failed" || (state === "held" && !AWAY.has(held?.why ?? "")),
  act(queue, tasks) {
    const waiting = tasks.filter(({ state }) => state === "held");
    if (waiting.length) {
      queue.resume(waiting);
    }
    if (waiting.length < tasks.length) {
      queue.retry(tasks);
    }
  },
};

/** @type {Record<string, { isFor: (task: Task) => boolean, act: (queue: Queue, task: Task) => void }>} */
const BUTTONS = {
  pause: {
    isFor: ({ state, obstacle: held }) =>
      ["waiting", "sending"].includes(state) || (state === "held" && held !== null),
    act: (queue, task) => queue.pause([task]),
  },
  resume: {
    isFor: ({ state }) => state === "paused",
    act: (queue, task) => queue.resume([task]),
  },
  retry: {
    isFor: (task) => TRY_AGAIN.isFor(task) || task.state === "cancelled",
    act: (queue, task) => TRY_AGAIN.act(queue, [task]),
  },
  cancel: {
    isFor: (task) => task.isOpen || task.state === "failed",
    act: (queue, task) => queue.cancel([task]),
  },
};

/** Shorten a long name in the middle, as the list does (web/formats.py).
    @type {(place: HTMLElement, name: string) => void} */
function showName(place, name) {
  const letters = [...name];
  place.title = name;
  if (letters.length <= LONG_NAME) {
    place.textContent = name;
    return;
  }
  const pieces = { "name-stem": letters.slice(0, -TAIL_LENGTH), "name-tail": letters.slice(-TAIL_LENGTH) };
  for (const [kind, some] of Object.entries(pieces)) {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = some.join("");
    place.append(span);
  }
}

/** Return a row for `task`; `acted(row)` is called after every press of a button.
    @type {(task: Task, queue: Queue, acted: (line: HTMLElement) => void) => HTMLElement} */
export function makeItem(task, queue, acted) {
  const item = copyOf("upload-item");
  const { name } = task.file;
  showName(part(item, "bdi"), name);
  part(item, "progress").setAttribute("aria-label", text("uploading-one", { name }));
  for (const [action, { act }] of Object.entries(BUTTONS)) {
    const button = part(item, `.upload-${action}`);
    button.setAttribute("aria-label", text(`${action}-one`, { name }));
    button.addEventListener("click", () => {
      act(queue, task);
      acted(item);
    });
  }
  return item;
}

/** Update the row of `task`.
    @type {(item: HTMLElement, task: Task) => void} */
export function drawItem(item, task) {
  item.dataset.state = task.state;
  const bar = part(item, "progress", HTMLProgressElement);
  bar.value = task.size ? task.sent / task.size : Number(task.state === "done");
  bar.hidden = !task.isOpen;
  part(item, ".upload-verified", SVGElement).toggleAttribute("hidden", !task.isVerified);
  const state = part(item, ".upload-state span");
  state.textContent = STATES[task.state](task);
  state.title = exactSize(task.size);
  for (const [action, { isFor }] of Object.entries(BUTTONS)) {
    part(item, `.upload-${action}`).hidden = !isFor(task);
  }
}
