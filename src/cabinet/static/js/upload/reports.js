/* The reports of transfers to the queue.

   A transfer reports `kept(bytes)`, the bytes on the server, and `sent(bytes)`, those sent in addition; and at the
   end `stored(result)`, `failed(failure)` or `again()`, to be restarted at once. After `stored` it may report
   `verified(failure or null)`, the result of comparing hashes. The transfer of a batch reports for several tasks,
   and `again(tasks)` for those that must restart because another one left the batch.

   Rule: reports for a task that is no longer active are ignored, because they may cross a pause or cancellation. The
   result of a verification always counts. */

/** @import { Failure } from "../core/http.js" */
/** @import { Scheduler } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** The reports of the transfer of one task.
    @typedef {object} Report
    @property {(bytes: number) => void} kept
    @property {(bytes: number) => void} sent
    @property {(result: Stored) => void} stored
    @property {(failure: Failure) => void} failed
    @property {(none?: undefined) => void} again
    @property {(failure: Failure | null) => void} verified */

/** The reports of the transfer of a batch.
    @typedef {object} BatchReport
    @property {(amounts: [Task, number][]) => void} sent
    @property {(results: [Task, Stored][]) => void} stored
    @property {(failed: Task[], failure: Failure) => void} failed
    @property {(others: Task[]) => void} again
    @property {(task: Task, failure: Failure | null) => void} verified */

/** Return the reports from the transfer of a single `task` to `queue`.
    @type {(queue: Scheduler, task: Task) => Report} */
export function reportOf(queue, task) {
  /** @type {<T>(act: (value: T) => void) => (value: T) => void} */
  const whileActive = (act) => (value) => {
    if (task.isActive) {
      act(value);
    }
  };
  return {
    kept: whileActive((bytes) => queue.keep(task, bytes)),
    sent: whileActive((bytes) => queue.progress([[task, bytes]])),
    stored: whileActive((result) => queue.store([[task, result]])),
    failed: whileActive((failure) => queue.handleFailure([task], failure)),
    again: whileActive(() => queue.again([task])),
    verified: (failure) => queue.verify(task, failure),
  };
}

/** Return the reports from the transfer of a batch, for tasks that are still in it according to `isOfBatch`.
    @type {(queue: Scheduler, isOfBatch: (task: Task) => boolean) => BatchReport} */
export function reportOfBatch(queue, isOfBatch) {
  /** @type {(task: Task) => boolean} */
  const isIn = (task) => task.isActive && isOfBatch(task);
  /** @type {<T>(act: (pairs: [Task, T][]) => void) => (pairs: [Task, T][]) => void} */
  const some = (act) => (pairs) => act(pairs.filter(([task]) => isIn(task)));
  return {
    sent: some((amounts) => queue.progress(amounts)),
    stored: some((results) => queue.store(results)),
    failed: (failed, failure) => queue.handleFailure(failed.filter(isIn), failure),
    again: (others) => queue.again(others.filter(isIn)),
    verified: (task, failure) => queue.verify(task, failure),
  };
}
