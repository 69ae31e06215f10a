/* How far a queue of uploads is, all in all. */

/** @import { Speed } from "./speed.js" */
/** @import { Task } from "./task.js" */

/** How many tasks there are, done, failed and paused, and how far they are: bytes, bytes a second and seconds.
    @typedef {ReturnType<typeof totalsOf>} Totals */

/** Return the sums of `tasks`. What failed or was cancelled counts neither as sent nor as to be sent.
    @param {Task[]} tasks
    @param {Speed} speed */
export function totalsOf(tasks, speed) {
  const counted = tasks.filter((task) => task.isOpen || task.state === "done");
  /** @type {(read: (task: Task) => number) => number} */
  const sum = (read) => counted.reduce((total, task) => total + read(task), 0);
  /** @type {(...states: string[]) => number} */
  const count = (...states) => tasks.filter((task) => states.includes(task.state)).length;
  const size = sum((task) => task.size);
  const sent = sum((task) => task.sent);
  // What waits has no speed, whatever it had before.
  const rate = count("sending", "storing") ? speed.perSecond : 0;
  return {
    count: counted.length,
    done: count("done"),
    failed: count("failed"),
    paused: count("paused"),
    size,
    sent,
    rate,
    remaining: rate ? (size - sent) / rate : null,
  };
}
