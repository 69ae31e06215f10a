/* The overall progress of the queue. */

/** @import { Speed } from "./speed.js" */
/** @import { Task } from "./task.js" */

/** The number of tasks by state, and the progress: bytes, bytes per second, seconds.
    @typedef {ReturnType<typeof totalsOf>} Totals */

/** Return the totals of `tasks`. Failed and cancelled tasks do not count.
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
  // While nothing is sent, the last measured speed is meaningless.
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
