/* What transfers tell the queue that started them.

   A transfer reports `kept(bytes)`, all that the server has; `sent(bytes)`, what has left on top of it;
   and in the end `stored(result)`, `failed(failure)` or `again()`, which is to be started anew at once.
   After `stored` it may say `verified(failure or null)`: whether what is stored is what was chosen. That
   of a batch reports of many tasks at a time, and `again(tasks)` of those that have to go anew because
   another one left.

   Rule: of a task that is not on the line any more nothing counts, for a report may have been under way
   when its task was paused or cancelled. Whether it was stored intact counts later as well. */

/** @import { Failure } from "../core/http.js" */
/** @import { Scheduler } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** What the transfer of one task reports.
    @typedef {object} Report
    @property {(bytes: number) => void} kept
    @property {(bytes: number) => void} sent
    @property {(result: Stored) => void} stored
    @property {(failure: Failure) => void} failed
    @property {(none?: undefined) => void} again
    @property {(failure: Failure | null) => void} verified */

/** What the transfer of several reports.
    @typedef {object} BatchReport
    @property {(amounts: [Task, number][]) => void} sent
    @property {(results: [Task, Stored][]) => void} stored
    @property {(failed: Task[], failure: Failure) => void} failed
    @property {(others: Task[]) => void} again
    @property {(task: Task, failure: Failure | null) => void} verified */

/** What the transfer of `task` alone reports to `queue`.
    @type {(queue: Scheduler, task: Task) => Report} */
export function reportOf(queue, task) {
  /** @type {<T>(act: (value: T) => void) => (value: T) => void} */
  const onTheLine = (act) => (value) => {
    if (task.isOnTheLine) {
      act(value);
    }
  };
  return {
    kept: onTheLine((bytes) => queue.keep(task, bytes)),
    sent: onTheLine((bytes) => queue.progress([[task, bytes]])),
    stored: onTheLine((result) => queue.store([[task, result]])),
    failed: onTheLine((failure) => queue.stumble([task], failure)),
    again: onTheLine(() => queue.again([task])),
    verified: (failure) => queue.verify(task, failure),
  };
}

/** What the transfer of a batch reports of its tasks, as long as `isOfBatch` says that they go with it.
    @type {(queue: Scheduler, isOfBatch: (task: Task) => boolean) => BatchReport} */
export function reportOfBatch(queue, isOfBatch) {
  /** @type {(task: Task) => boolean} */
  const isIn = (task) => task.isOnTheLine && isOfBatch(task);
  /** @type {<T>(act: (pairs: [Task, T][]) => void) => (pairs: [Task, T][]) => void} */
  const some = (act) => (pairs) => act(pairs.filter(([task]) => isIn(task)));
  return {
    sent: some((amounts) => queue.progress(amounts)),
    stored: some((results) => queue.store(results)),
    failed: (failed, failure) => queue.stumble(failed.filter(isIn), failure),
    again: (others) => queue.again(others.filter(isIn)),
    verified: (task, failure) => queue.verify(task, failure),
  };
}
