/* The scheduler of uploads: runs a few transfers in parallel, small files in batches, and handles their reports.

   Fires "change" after every change, "stored" for each uploaded file, and "settled" when nothing continues by itself
   any more.

   A transfer has `start()`, `stop()`, which keeps what the server holds, and `drop()`, which discards that too; it
   may have `count()`, which resolves to how many bytes the server holds. Its reports are in upload/reports.js.

   A batch is stored completely or not at all. Its transfer has `start()`, and `leave(task)` to remove a task. A
   refused batch is split in half, and so on, until the file that caused it is alone.

   Rule: knows tasks and time, neither the page nor HTTP; what users do is in upload/queue.js. */

import { nextTasks } from "./next-tasks.js";
import { reportOf, reportOfBatch } from "./reports.js";
import { Speed } from "./speed.js";

/** @import { Failure } from "../core/http.js" */
/** @import { Obstacle, ObstacleOf } from "../core/retry.js" */
/** @import { BatchReport, Report } from "./reports.js" */
/** @import { Stored, Task } from "./task.js" */

/** The transfer of one file.
    @typedef {object} Transfer
    @property {() => unknown} start
    @property {() => unknown} stop
    @property {() => unknown} drop
    @property {() => Promise<number> | number} [count] */

/** The transfer of a batch.
    @typedef {object} Batch
    @property {() => unknown} start
    @property {(task: Task) => void} leave */

/** How batches are formed and sent.
    @typedef {object} Batches
    @property {(tasks: Task[], rate: number) => Task[]} gather
    @property {(failure: Failure) => boolean} isForAll
    @property {(tasks: Task[], report: BatchReport) => Batch} transferOf */

export class Scheduler extends EventTarget {
  /** @type {Task[]} */
  tasks = [];

  /** `transferOf(task, report)` returns a transfer; `obstacle(failure, attempts)` returns the obstacle behind a
      temporary failure, null for a permanent one. `batches` has `gather(tasks, rate)`, which returns the tasks that
      go with the first one, `transferOf(tasks, report)`, and `isForAll(failure)`, which returns whether every task
      would be refused alone as well.
      @param {(task: Task, report: Report) => Transfer} transferOf
      @param {ObstacleOf} obstacle
      @param {() => number} [now]
      @param {Batches | null} [batches] */
  constructor(transferOf, obstacle, now = () => performance.now(), batches = null) {
    super();
    this.transferOf = transferOf;
    this.obstacle = obstacle;
    this.now = now;
    this.batches = batches;
    this.speed = new Speed(now());
  }

  get isBusy() {
    return this.tasks.some((task) => task.isUnderWay);
  }

  /** Add tasks at the end.
      @type {(tasks: Task[]) => void} */
  append(tasks) {
    this.tasks = this.tasks.concat(tasks);
  }

  /** Remove all tasks but those for which `isKept` is true.
      @type {(isKept: (task: Task) => boolean) => void} */
  keepOnly(isKept) {
    this.tasks = this.tasks.filter(isKept);
  }

  /** Change all of `tasks` before others start in their slots.
      @type {(tasks: Task[], state: string, act: (task: Task) => void) => void} */
  each(tasks, state, act) {
    for (const task of tasks) {
      act(task);
      task.state = state;
    }
    this.advance();
  }

  /** @type {(tasks: Task[]) => void} */
  resume(tasks) {
    const these = tasks.filter((task) => task.state === "paused" || task.state === "held");
    this.each(these, "waiting", (task) => {
      task.stop();
      task.obstacle = null;
    });
  }

  advance() {
    /** @type {(tasks: Task[]) => Task[]} */
    const gather = (tasks) => this.batches?.gather(tasks, this.speed.perSecond) ?? tasks.slice(0, 1);
    for (let tasks = nextTasks(this.tasks, gather); tasks.length; tasks = nextTasks(this.tasks, gather)) {
      this.start(tasks);
    }
    this.emit("change");
    if (!this.isBusy) {
      this.emit("settled");
    }
  }

  /** @type {(tasks: Task[]) => void} */
  start(tasks) {
    if (!this.tasks.some(({ state }) => state === "sending" || state === "storing")) {
      this.speed.skip(this.now());
    }
    tasks.forEach((task) => {
      task.state = "sending";
      task.batch = null;
      task.group = null;
    });
    if (tasks.length === 1 || !this.batches) {
      const [task] = tasks;
      task.transfer ??= this.transferOf(task, reportOf(this, task));
      task.transfer.start();
    } else {
      this.startBatch(tasks, this.batches);
    }
  }

  /** @type {(tasks: Task[], batches: Batches) => void} */
  startBatch(tasks, batches) {
    /** @type {(task: Task) => boolean} */
    const isIn = (task) => task.batch === batch;
    const batch = batches.transferOf(tasks, reportOfBatch(this, isIn));
    tasks.forEach((task) => {
      task.batch = batch;
    });
    batch.start();
  }

  /** Record what the server holds: bytes that need not be sent again, and do not count as just sent.
      @type {(task: Task, bytes: number) => void} */
  keep(task, bytes) {
    if (bytes > task.kept) {
      task.attempts = 0;
    }
    task.kept = bytes;
    task.sent = bytes;
    this.emit("change");
  }

  /** Record the sent bytes of tasks.
      @type {(amounts: [Task, number][]) => void} */
  progress(amounts) {
    let left = 0;
    for (const [task, bytes] of amounts) {
      // A body can only be longer than its file if the file has grown, which the server rejects.
      const capped = Math.min(bytes, task.size);
      left += Math.max(0, capped - task.sent);
      task.sent = capped;
      task.state = capped === task.size ? "storing" : "sending";
    }
    this.speed.add(left, this.now());
    this.emit("change");
  }

  /** @type {(results: [Task, Stored][]) => void} */
  store(results) {
    for (const [task, result] of results) {
      task.batch = null;
      task.sent = task.size;
      task.stored = result;
      task.state = "done";
      this.emit("stored", { detail: task });
    }
    this.advance();
  }

  /** Restart tasks at once.
      @type {(tasks: Task[]) => void} */
  again(tasks) {
    this.each(tasks, "waiting", (task) => {
      task.batch = null;
      task.sent = task.kept;
    });
  }

  /** @type {(tasks: Task[], failure: Failure) => void} */
  fail(tasks, failure) {
    const these = tasks.filter((task) => task.isOpen);
    this.each(these, "failed", (task) => {
      task.batch = null;
      task.failure = failure;
    });
  }

  /** Wait out a temporary failure; give up on a permanent one. Progress falls back to what the server holds.
      @type {(tasks: Task[], failure: Failure) => void} */
  handleFailure(tasks, failure) {
    if (!tasks.length) {
      return;
    }
    const obstacle = this.obstacle(failure, tasks[0].attempts);
    tasks.forEach((task) => {
      task.attempts += 1;
      task.sent = task.kept;
      task.obstacle = null;
    });
    if (obstacle) {
      this.hold(tasks, obstacle);
    } else if (tasks.length > 1 && !this.batches?.isForAll(failure)) {
      this.split(tasks);
    } else {
      this.fail(tasks, failure);
    }
  }

  /** @type {(tasks: Task[], obstacle: Obstacle) => void} */
  hold(tasks, obstacle) {
    tasks.forEach((task) => {
      task.sent = task.kept;
      task.obstacle = obstacle;
      task.state = "held";
    });
    obstacle.over.then(() => {
      // Some may have been paused, cancelled or held by another obstacle meanwhile.
      const still = tasks.filter((task) => task.state === "held" && task.obstacle === obstacle);
      if (still.length) {
        this.resume(still);
      }
    });
    this.advance();
  }

  /** @type {(tasks: Task[]) => void} */
  split(tasks) {
    const middle = Math.ceil(tasks.length / 2);
    for (const half of [tasks.slice(0, middle), tasks.slice(middle)]) {
      half.forEach((task) => {
        task.group = half;
      });
    }
    this.again(tasks);
  }

  /** Record the result of a verification; a corrupted file has failed, and a retry sends all of it.
      @type {(task: Task, failure: Failure | null) => void} */
  verify(task, failure) {
    if (failure) {
      task.transfer = null;
      task.kept = 0;
      task.sent = 0;
      task.isReplacing = true;
      task.state = "failed";
      task.failure = failure;
      this.advance();
    } else {
      task.isVerified = true;
      this.emit("change");
    }
  }

  /** @type {(type: string, options?: CustomEventInit) => void} */
  emit(type, options) {
    this.dispatchEvent(new CustomEvent(type, options));
  }
}
