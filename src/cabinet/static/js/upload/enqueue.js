/* Turns selected files into upload tasks: checks the size limit, resolves name conflicts, releases the rest.

   Rule: nothing is sent before all questions about it are answered. */

import { size } from "../core/format.js";
import { retry } from "../core/retry.js";
import { may } from "../core/rights.js";
import { countText, text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { askAbout, findConflicts } from "./conflicts.js";
import { Task } from "./task.js";

/** @import { ObstacleOf } from "../core/retry.js" */
/** @import { Queue } from "./queue.js" */

/** A file and its target path.
    @typedef {{ file: File, path: string }} Item */

// Which tasks are sent after each answer; without an answer, none.
/** @type {Record<string, (task: Task, taken: Set<Task>) => boolean>} */
const IS_SENT = {
  replace: () => true,
  rename: () => true,
  skip: (task, taken) => !taken.has(task),
  "": () => false,
};

export class Enqueuer {
  /** `limit` is the server's maximum file size.
      @param {Queue} queue
      @param {ObstacleOf} obstacleOf
      @param {number} limit */
  constructor(queue, obstacleOf, limit) {
    this.queue = queue;
    this.obstacleOf = obstacleOf;
    this.limit = limit;
    queue.addEventListener("again", (event) => this.retry(/** @type {CustomEvent} */ (event).detail));
  }

  /** Add `{file, path}` items with their target paths.
      @type {(items: Item[]) => Promise<void>} */
  async add(items) {
    const fitting = items.filter(({ file }) => file.size <= this.limit);
    this.reportTooLarge(items.filter(({ file }) => file.size > this.limit));
    const tasks = this.makeTasks(fitting);
    if (tasks.length) {
      this.queue.add(tasks);
      await this.process(tasks);
    }
  }

  /** Retry finished tasks; a free name may have been taken meanwhile.
      @type {(tasks: Task[]) => Promise<void>} */
  async retry(tasks) {
    /** @type {(task: Task) => boolean} */
    const isResolved = ({ isReplacing, onConflict }) => isReplacing || onConflict === "rename";
    this.queue.release(tasks.filter(isResolved));
    await this.process(tasks.filter((task) => !isResolved(task)));
  }

  /** Resolve conflicts and release `tasks`; withdraw them if the check fails.
      @type {(tasks: Task[]) => Promise<void>} */
  async process(tasks) {
    try {
      await this.resolveConflicts(tasks);
    } catch (failure) {
      this.queue.fail(tasks, failure);
    }
  }

  /** Return a task for each of `items` that is not being uploaded already. A task with the same path as another one
      starts after it.
      @type {(items: Item[]) => Task[]} */
  makeTasks(items) {
    const under = new Map(this.queue.tasks.filter((task) => task.isOpen).map((task) => [task.path, task]));
    /** @type {Task[]} */
    const tasks = [];
    for (const { file, path } of items) {
      const before = under.get(path);
      if (!before?.isOf(file)) {
        const task = new Task(file, path, before);
        under.set(path, task);
        tasks.push(task);
      }
    }
    return tasks;
  }

  /** @type {(tooLarge: Item[]) => void} */
  reportTooLarge(tooLarge) {
    const values = { limit: size(this.limit) };
    if (tooLarge.length === 1) {
      warn(`${tooLarge[0].path}: ${text("too-large", values)}`);
    } else if (tooLarge.length) {
      warn(countText("too-large-files", tooLarge.length, { ...values, count: tooLarge.length }));
    }
  }

  /** Release the tasks without a conflict, and the others according to the user's answer.
      @type {(tasks: Task[]) => Promise<void>} */
  async resolveConflicts(tasks) {
    if (!may("delete")) {
      // Nothing can be replaced, so a name in use gets a number.
      const free = tasks.filter((task) => task.state === "asking");
      free.forEach((task) => task.setResolution("rename"));
      this.queue.release(free);
      return;
    }
    const taken = await retry(
      () => findConflicts(tasks.filter((task) => task.isOpen)),
      this.obstacleOf,
      (obstacle) => this.queue.block(tasks, obstacle),
    );
    const inTheWay = [...taken, ...tasks.filter((task) => task.before)];
    const open = new Set(inTheWay.filter((task) => task.isOpen));
    const choice = open.size ? await askAbout([...open]) : "replace";
    // Some may have been cancelled and added again meanwhile.
    const waiting = tasks.filter((task) => task.state === "asking");
    waiting.filter((task) => open.has(task)).forEach((task) => task.setResolution(choice));
    /** @type {(task: Task) => boolean} */
    const goes = (task) => IS_SENT[choice](task, open);
    this.queue.withdraw(waiting.filter((task) => !goes(task)));
    this.queue.release(waiting.filter(goes));
  }
}
