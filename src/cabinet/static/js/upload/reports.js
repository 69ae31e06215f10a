/* What transfers tell the queue that started them.

   A transfer reports `kept(bytes)`, all that the server has; `sent(bytes)`, what has left on top of it;
   and in the end `stored(result)`, `failed(failure)` or `again()`, which is to be started anew at once.
   After `stored` it may say `verified(failure or null)`: whether what is stored is what was chosen. That
   of a batch reports of many tasks at a time, and `again(tasks)` of those that have to go anew because
   another one left.

   Rule: of a task that is not on the line any more nothing counts, for a report may have been under way
   when its task was paused or cancelled. Whether it was stored intact counts later as well. */

/** What the transfer of `task` alone reports to `queue`. */
export function reportOf(queue, task) {
  const onTheLine = (act) => (value) => task.isOnTheLine && act(value);
  return {
    kept: onTheLine((bytes) => queue.keep(task, bytes)),
    sent: onTheLine((bytes) => queue.progress([[task, bytes]])),
    stored: onTheLine((result) => queue.store([[task, result]])),
    failed: onTheLine((failure) => queue.stumble([task], failure)),
    again: onTheLine(() => queue.again([task])),
    verified: (failure) => queue.verify(task, failure),
  };
}

/** What the transfer of a batch reports of its tasks, as long as `isOfBatch` says that they go with it. */
export function reportOfBatch(queue, isOfBatch) {
  const isIn = (task) => task.isOnTheLine && isOfBatch(task);
  const some = (act) => (pairs) => act(pairs.filter(([task]) => isIn(task)));
  return {
    sent: some((amounts) => queue.progress(amounts)),
    stored: some((results) => queue.store(results)),
    failed: (failed, failure) => queue.stumble(failed.filter(isIn), failure),
    again: (others) => queue.again(others.filter(isIn)),
    verified: (task, failure) => queue.verify(task, failure),
  };
}
