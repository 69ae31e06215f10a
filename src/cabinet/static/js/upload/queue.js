/* The upload queue: adds what users do with tasks to the scheduler.

   In addition to the events of the scheduler, fires "again" when tasks are retried.

   Rule: knows tasks and time, neither the page nor HTTP. */

import { Scheduler } from "./scheduler.js";
import { totalsOf } from "./totals.js";

/** @import { Obstacle } from "../core/retry.js" */
/** @import { Task } from "./task.js" */

export class Queue extends Scheduler {
  /** Whether there are tasks that could be continued. */
  get hasUnfinished() {
    return this.tasks.some((task) => !task.isFinished);
  }

  /** Add tasks at the end, not released yet. Finished tasks with the same path are removed.
      @type {(tasks: Task[]) => void} */
  add(tasks) {
    const paths = new Set(tasks.map((task) => task.path));
    if (!this.isBusy) {
      this.keepOnly((task) => !task.isFinished && !paths.has(task.path));
    }
    this.append(tasks);
    this.emit("change");
  }

  /** Set the obstacle of tasks that are not released yet.
      @type {(tasks: Task[], obstacle: Obstacle) => void} */
  block(tasks, obstacle) {
    tasks.forEach((task) => {
      task.obstacle = obstacle;
    });
    this.emit("change");
  }

  /** Release added tasks, so that they can start.
      @type {(tasks: Task[]) => void} */
  release(tasks) {
    const these = tasks.filter((task) => task.state === "asking");
    this.each(these, "waiting", (task) => {
      task.obstacle = null;
    });
  }

  /** Remove added tasks that will not be sent.
      @type {(tasks: Task[]) => void} */
  withdraw(tasks) {
    const gone = new Set(tasks);
    gone.forEach((task) => {
      task.state = "cancelled";
      task.drop();
    });
    this.keepOnly((task) => !gone.has(task));
    this.advance();
  }

  /** @type {(tasks: Task[]) => void} */
  pause(tasks) {
    const these = tasks.filter((task) => task.isUnderWay && task.state !== "asking");
    this.each(these, "paused", (task) => {
      task.stop();
      task.sent = task.kept;
    });
    tasks.forEach((task) => this.recount(task));
  }

  /** Ask how many bytes the server holds of a task that was stopped during a request.
      @type {(task: Task) => Promise<void>} */
  async recount(task) {
    const bytes = await task.transfer?.count?.();
    if (task.state === "paused" && bytes && bytes > task.kept) {
      this.keep(task, bytes);
    }
  }

  /** @type {(tasks: Task[]) => void} */
  cancel(tasks) {
    // Tasks that are not released have never started, and cannot be continued.
    const asking = new Set(tasks.filter((task) => task.state === "asking"));
    this.keepOnly((task) => !asking.has(task));
    const these = tasks.filter((task) => task.isOpen || task.state === "failed");
    this.each(these, "cancelled", (task) => {
      task.drop();
    });
  }

  /** Retry finished tasks; they start when they are released.
      @type {(tasks: Task[]) => void} */
  retry(tasks) {
    const again = tasks.filter((task) => task.state === "failed" || task.state === "cancelled");
    again.forEach((task) => task.reset());
    this.emit("again", { detail: again });
    this.emit("change");
  }

  /** Pause all sending until `obstacle` is over; fully sent tasks still wait for their answer. Tasks that wait for
      the same promise get this obstacle.
      @type {(obstacle: Obstacle) => void} */
  suspend(obstacle) {
    /** @type {(task: Task) => boolean} */
    const waitsForIt = ({ state, obstacle: other }) => state === "held" && other?.over === obstacle.over;
    const tasks = this.tasks.filter((task) => task.state === "sending" || waitsForIt(task));
    tasks.forEach((task) => task.stop());
    if (tasks.length) {
      this.hold(tasks, obstacle);
    }
  }

  /** Return the totals of all tasks. */
  totals() {
    return totalsOf(this.tasks, this.speed);
  }
}
