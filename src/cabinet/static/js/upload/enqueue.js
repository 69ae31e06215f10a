/* From files that somebody chose to tasks that may go: too large, in the way of one another, agreed on.

   Rule: nothing is sent before every question about it is answered. */

import { size } from "../core/format.js";
import { persist } from "../core/retry.js";
import { countText, text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { askAbout, takenOf } from "./conflicts.js";
import { Task } from "./task.js";

/** @import { ObstacleOf } from "../core/retry.js" */
/** @import { Queue } from "./queue.js" */

/** A file, and the path that it shall have.
    @typedef {{ file: File, path: string }} Item */

// Which tasks go after each answer; without one, none does.
/** @type {Record<string, (task: Task, taken: Set<Task>) => boolean>} */
const GOING = {
  replace: () => true,
  rename: () => true,
  skip: (task, taken) => !taken.has(task),
  "": () => false,
};

export class Intake {
  /** `limit` is the size that the server takes at most.
      @param {Queue} queue
      @param {ObstacleOf} obstacleOf
      @param {number} limit */
  constructor(queue, obstacleOf, limit) {
    this.queue = queue;
    this.obstacleOf = obstacleOf;
    this.limit = limit;
    queue.addEventListener("again", (event) => this.takeAgain(/** @type {CustomEvent} */ (event).detail));
  }

  /** Take `{file, path}` items; the paths are those that they shall have.
      @type {(items: Item[]) => Promise<void>} */
  async take(items) {
    const fitting = items.filter(({ file }) => file.size <= this.limit);
    this.refuse(items.filter(({ file }) => file.size > this.limit));
    const tasks = this.makeTasks(fitting);
    if (tasks.length) {
      this.queue.add(tasks);
      await this.offer(tasks);
    }
  }

  /** Take tasks again that were over: something may have come into the place of those that had a free one.
      @type {(tasks: Task[]) => Promise<void>} */
  async takeAgain(tasks) {
    /** @type {(task: Task) => boolean} */
    const isAgreed = ({ isReplacing, onConflict }) => isReplacing || onConflict === "rename";
    this.queue.release(tasks.filter(isAgreed));
    await this.offer(tasks.filter((task) => !isAgreed(task)));
  }

  /** Let `tasks` go as their owner wants it; where that cannot be found out, none does.
      @type {(tasks: Task[]) => Promise<void>} */
  async offer(tasks) {
    try {
      await this.agree(tasks);
    } catch (failure) {
      this.queue.fail(tasks, failure);
    }
  }

  /** Return a task for each of `items` that is not under way yet; one whose place another file is on its
      way to comes after that.
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
  refuse(tooLarge) {
    const told = { limit: size(this.limit) };
    if (tooLarge.length === 1) {
      warn(`${tooLarge[0].path}: ${text("too-large", told)}`);
    } else if (tooLarge.length) {
      warn(countText("too-large-files", tooLarge.length, { ...told, count: tooLarge.length }));
    }
  }

  /** Let go what is in nobody's way, and the rest as its owner wants it.
      @type {(tasks: Task[]) => Promise<void>} */
  async agree(tasks) {
    const taken = await persist(
      () => takenOf(tasks.filter((task) => task.isOpen)),
      this.obstacleOf,
      (obstacle) => this.queue.hinder(tasks, obstacle),
    );
    const inTheWay = [...taken, ...tasks.filter((task) => task.before)];
    const open = new Set(inTheWay.filter((task) => task.isOpen));
    const choice = open.size ? await askAbout([...open]) : "replace";
    // Some may be withdrawn by now, and chosen anew.
    const waiting = tasks.filter((task) => task.state === "asking");
    waiting.filter((task) => open.has(task)).forEach((task) => task.settle(choice));
    /** @type {(task: Task) => boolean} */
    const goes = (task) => GOING[choice](task, open);
    this.queue.withdraw(waiting.filter((task) => !goes(task)));
    this.queue.release(waiting.filter(goes));
  }
}
