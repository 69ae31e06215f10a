/* Whose turn it is on the line. */

/** @import { Task } from "./task.js" */

// Enough to fill a line with small files, and below the six that browsers grant one server.
const PARALLEL = 4;

/** Return those of `tasks` that go next, together as `gather(tasks)` says of those who could go with the
    first; none where there is no place. Of the places one is kept for the small, and one for the large
    where any waits: neither has to wait for all of the others.
    @type {(tasks: Task[], gather: (tasks: Task[]) => Task[]) => Task[]} */
export function nextOf(tasks, gather) {
  const active = tasks.filter((task) => task.isOnTheLine);
  const places = new Set(active.map((task) => task.place)).size;
  if (places >= PARALLEL) {
    return [];
  }
  const large = active.filter((task) => !task.isSmall).length;
  const ready = tasks.filter((task) => task.isReady);
  const isLargeDue = places - large >= PARALLEL - 1 && ready.some((task) => !task.isSmall);
  const start = ready.findIndex((task) => (task.isSmall ? !isLargeDue : large < PARALLEL - 1));
  const first = ready[start];
  return first ? gather(ready.slice(start).filter((task) => task.group === first.group)) : [];
}
