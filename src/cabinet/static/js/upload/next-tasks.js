/* Which tasks start next. */

/** @import { Task } from "./task.js" */

// Enough to keep a connection busy with small files, and below the browsers' limit of six per server.
const PARALLEL = 4;

/** Return the tasks that start next, combined by `gather(tasks)` from those that could go with the first; none
    without a free slot. One slot is reserved for small files, and one for large ones while any is waiting, so that
    neither blocks the other.
    @type {(tasks: Task[], gather: (tasks: Task[]) => Task[]) => Task[]} */
export function nextTasks(tasks, gather) {
  const active = tasks.filter((task) => task.isActive);
  const slots = new Set(active.map((task) => task.slot)).size;
  if (slots >= PARALLEL) {
    return [];
  }
  const large = active.filter((task) => !task.isSmall).length;
  const ready = tasks.filter((task) => task.isReady);
  const isLargeDue = slots - large >= PARALLEL - 1 && ready.some((task) => !task.isSmall);
  const start = ready.findIndex((task) => (task.isSmall ? !isLargeDue : large < PARALLEL - 1));
  const first = ready[start];
  return first ? gather(ready.slice(start).filter((task) => task.group === first.group)) : [];
}
