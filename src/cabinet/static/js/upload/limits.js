/* How much something in front of the server takes in one request, once an upload has met that: a proxy
   that limits bodies is not ours to ask.

   What was refused is tried at half its size, and so on. What was found is kept for this server, and not
   for ever: somebody may raise the limit.

   Rule: knows sizes of bodies, and nothing of files. */

import { size } from "../core/format.js";
import { root } from "../core/http.js";
import { text } from "../core/texts.js";
import { say } from "../ui/toasts.js";

/** @import { Failure } from "../core/http.js" */
/** @import { Task } from "./task.js" */

const KEY = `body-limit:${root}`;
const KEPT_FOR_MS = 7 * 24 * 60 * 60 * 1000;
// With less than this at a time nothing would ever arrive.
const LEAST_BYTES = 256 * 1024;
// A line breaks, a server is started anew: only what breaks so often in a row may be a limit.
const BREAKS = 2;

const TOO_LARGE = 413;

let limit = recall();
let isTold = false;
// Those whose bodies were too much, until a smaller one arrives.
/** @type {WeakSet<Task>} */
const hampered = new WeakSet();

/** @type {() => number} */
function recall() {
  try {
    const { bytes, at } = JSON.parse(localStorage.getItem(KEY) ?? "");
    return Date.now() - at < KEPT_FOR_MS && bytes >= LEAST_BYTES ? bytes : Infinity;
  } catch {
    // Nothing was ever met, or the browser keeps nothing.
    return Infinity;
  }
}

/** Return how many bytes a body may have, as far as is known. */
export const bodyLimit = () => limit;

/** Note that a body of `tasks` arrived: if larger ones of theirs did not, the limit is said, once.
    @type {(tasks: Task[]) => void} */
export function arrived(tasks) {
  if (!isTold && tasks.some((task) => hampered.has(task))) {
    isTold = true;
    say(text("front-limit", { size: size(limit) }));
  }
}

/** Note that a body of `bytes` did not arrive; tell whether a smaller one is worth a try.
    @type {(bytes: number) => boolean} */
function lower(bytes) {
  if (bytes <= LEAST_BYTES) {
    return false;
  }
  const half = Math.max(LEAST_BYTES, Math.floor(bytes / 2));
  // Others on the line may have met it before.
  if (half < limit) {
    limit = half;
    try {
      localStorage.setItem(KEY, JSON.stringify({ bytes: limit, at: Date.now() }));
    } catch {
      // Then it is found out again the next time.
    }
  }
  return true;
}

const answers = () =>
  fetch(`${root}healthz`, { cache: "no-store" }).then(
    () => true,
    () => false,
  );

/** @type {(failure: Failure, bytes: number, tasks: Task[]) => Promise<boolean>} */
async function isRefused({ status, type }, bytes, [task]) {
  if (status === TOO_LARGE) {
    return !type;
  }
  return status === 0 && task.attempts >= BREAKS && bytes > LEAST_BYTES && (await answers());
}

/** Tell whether a body of `tasks`, of so many bytes, is to be tried in smaller pieces after `failure`: it
    was refused by somebody else than the server, or its line was cut again and again while the server
    answers. A proxy may hang up on what it does not want before its answer is read.
    @type {(failure: Failure, bytes: number, tasks: Task[]) => Promise<boolean>} */
export async function isTooMuch(failure, bytes, tasks) {
  if (!tasks.length || !(await isRefused(failure, bytes, tasks)) || !lower(bytes)) {
    return false;
  }
  tasks.forEach((task) => hampered.add(task));
  return true;
}
