/* Files on their way up: who waits, who goes, how far, how fast, and what people ask of them.

   Besides what the line announces (upload/scheduler.js), tasks that somebody wants to try again are
   announced by "again".

   Rule: knows tasks and time, and neither the page nor HTTP. */

import { Scheduler } from "./scheduler.js";
import { totalsOf } from "./totals.js";

/** @import { Obstacle } from "../core/retry.js" */
/** @import { Task } from "./task.js" */

export class Queue extends Scheduler {
  /** Whether somebody may still want to go on with something. */
  get hasUnfinished() {
    return this.tasks.some((task) => !task.isFinished);
  }

  /** Take tasks in, behind the others; they start once `release` is told so. What is over is forgotten.
      @type {(tasks: Task[]) => void} */
  add(tasks) {
    const paths = new Set(tasks.map((task) => task.path));
    if (!this.isBusy) {
      this.keepOnly((task) => !task.isFinished && !paths.has(task.path));
    }
    this.append(tasks);
    this.announce("change");
  }

  /** Note what tasks that were taken in wait for.
      @type {(tasks: Task[], obstacle: Obstacle) => void} */
  hinder(tasks, obstacle) {
    tasks.forEach((task) => {
      task.obstacle = obstacle;
    });
    this.announce("change");
  }

  /** Let tasks that were taken in go.
      @type {(tasks: Task[]) => void} */
  release(tasks) {
    const these = tasks.filter((task) => task.state === "asking");
    this.each(these, "waiting", (task) => {
      task.obstacle = null;
    });
  }

  /** Forget tasks that were taken in and shall not go.
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

  /** Find out how much the server holds of a task that was stopped in the middle of a request.
      @type {(task: Task) => Promise<void>} */
  async recount(task) {
    const bytes = await task.transfer?.count?.();
    if (task.state === "paused" && bytes && bytes > task.kept) {
      this.keep(task, bytes);
    }
  }

  /** @type {(tasks: Task[]) => void} */
  cancel(tasks) {
    // What nobody has agreed on yet never began, and nobody can go on with it.
    const asking = new Set(tasks.filter((task) => task.state === "asking"));
    this.keepOnly((task) => !asking.has(task));
    const these = tasks.filter((task) => task.isOpen || task.state === "failed");
    this.each(these, "cancelled", (task) => {
      task.drop();
    });
  }

  /** Take tasks that are over in again; they start once `release` is told so.
      @type {(tasks: Task[]) => void} */
  retry(tasks) {
    const again = tasks.filter((task) => task.state === "failed" || task.state === "cancelled");
    again.forEach((task) => task.reset());
    this.announce("again", { detail: again });
    this.announce("change");
  }

  /** Stop what is being sent until `obstacle` is over; what is all sent gets its answer. What waits for the
      same already waits for this reason now.
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

  /** How far all of it is. */
  totals() {
    return totalsOf(this.tasks, this.speed);
  }
}
