/* The maximum request body that reaches the server. A proxy in front may have a lower limit, which can only be found
   by running into it.

   After a refusal, half the size is tried, and so on. The result is stored for this server for a limited time,
   because the limit may be raised.

   Rule: knows sizes of request bodies, not files. */

import { size } from "../core/format.js";
import { root } from "../core/identity.js";
import { text } from "../core/texts.js";
import { notify } from "../ui/toasts.js";

/** @import { Failure } from "../core/http.js" */
/** @import { Task } from "./task.js" */

const KEY = `body-limit:${root}`;
const STORED_FOR_MS = 7 * 24 * 60 * 60 * 1000;
// Smaller bodies would make uploads too slow to be useful.
const MIN_BYTES = 256 * 1024;
// Connections break for other reasons too; only repeated breaks suggest a limit.
const BREAKS = 2;

const TOO_LARGE = 413;

let limit = readStored();
let isReported = false;
// Tasks whose body was too large, until a smaller one succeeds.
/** @type {WeakSet<Task>} */
const reduced = new WeakSet();

/** @type {() => number} */
function readStored() {
  try {
    const { bytes, at } = JSON.parse(localStorage.getItem(KEY) ?? "");
    return Date.now() - at < STORED_FOR_MS && bytes >= MIN_BYTES ? bytes : Infinity;
  } catch {
    // Nothing is stored, or storage is blocked.
    return Infinity;
  }
}

/** Return the maximum body size in bytes, as far as it is known. */
export const bodyLimit = () => limit;

/** Record that a body of `tasks` arrived; if their larger ones did not, report the limit, once.
    @type {(tasks: Task[]) => void} */
export function recordArrival(tasks) {
  if (!isReported && tasks.some((task) => reduced.has(task))) {
    isReported = true;
    notify(text("front-limit", { size: size(limit) }));
  }
}

/** Record that a body of `bytes` did not arrive; returns whether to try a smaller one.
    @type {(bytes: number) => boolean} */
function lowerLimit(bytes) {
  if (bytes <= MIN_BYTES) {
    return false;
  }
  const half = Math.max(MIN_BYTES, Math.floor(bytes / 2));
  // Other transfers may have found a lower limit already.
  if (half < limit) {
    limit = half;
    try {
      localStorage.setItem(KEY, JSON.stringify({ bytes: limit, at: Date.now() }));
    } catch {
      // Storage may be blocked; the limit is found again next time.
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
  return status === 0 && task.attempts >= BREAKS && bytes > MIN_BYTES && (await answers());
}

/** Return whether to retry `tasks` with smaller bodies after `failure`: a body of `bytes` was refused by a proxy, or
    its connection broke repeatedly although the server is up. A proxy may close the connection before its answer can
    be read.
    @type {(failure: Failure, bytes: number, tasks: Task[]) => Promise<boolean>} */
export async function isTooLarge(failure, bytes, tasks) {
  if (!tasks.length || !(await isRefused(failure, bytes, tasks)) || !lowerLimit(bytes)) {
    return false;
  }
  tasks.forEach((task) => reduced.add(task));
  return true;
}
