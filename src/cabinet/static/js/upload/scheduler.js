/* The line on which files go up: as many at a time as there are places, the small together, and what
   becomes of what their transfers report.

   Every change is announced by a "change" event, each file that has arrived by "stored", and "settled"
   follows when nothing goes on by itself any more.

   A transfer has `start()`, `stop()`, which keeps what the server holds, and `drop()`, which gives
   that back too; and it may have `count()`, which resolves to how much the server holds. What it
   reports is in upload/reports.js.

   Small files go together, in a batch that is stored whole or not at all. Its transfer has `start()`, and
   `leave(task)` for a task that shall not go with it any more. What is refused together is tried in two
   halves, and so on, until whatever is to blame stands alone.

   Rule: knows tasks and time, and neither the page nor HTTP; what people ask for is in upload/queue.js. */

import { reportOf, reportOfBatch } from "./reports.js";
import { Speed } from "./speed.js";
import { nextOf } from "./turns.js";

/** @import { Failure } from "../core/http.js" */
/** @import { Obstacle, ObstacleOf } from "../core/retry.js" */
/** @import { BatchReport, Report } from "./reports.js" */
/** @import { Stored, Task } from "./task.js" */

/** What sends one file.
    @typedef {object} Transfer
    @property {() => unknown} start
    @property {() => unknown} stop
    @property {() => unknown} drop
    @property {() => Promise<number> | number} [count] */

/** What sends several.
    @typedef {object} Batch
    @property {() => unknown} start
    @property {(task: Task) => void} leave */

/** Which tasks go together, and how.
    @typedef {object} Batches
    @property {(tasks: Task[], rate: number) => Task[]} gather
    @property {(failure: Failure) => boolean} isForAll
    @property {(tasks: Task[], report: BatchReport) => Batch} transferOf */

export class Scheduler extends EventTarget {
  /** @type {Task[]} */
  tasks = [];

  /** `transferOf(task, report)` makes a transfer; `obstacle(failure, attempts)` tells what passes by
      itself: null for what does not, or why it stands there and the promise `over`. `batches` has
      `gather(tasks, rate)`, which of them go with the first, `transferOf(tasks, report)`, and
      `isForAll(failure)`, whether each of them would be refused alone as well.
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

  /** Put tasks behind the others.
      @type {(tasks: Task[]) => void} */
  append(tasks) {
    this.tasks = this.tasks.concat(tasks);
  }

  /** Forget all tasks but those that `isKept` says.
      @type {(isKept: (task: Task) => boolean) => void} */
  keepOnly(isKept) {
    this.tasks = this.tasks.filter(isKept);
  }

  /** Change all of `tasks` before any other starts in the place of one.
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
    for (let tasks = nextOf(this.tasks, gather); tasks.length; tasks = nextOf(this.tasks, gather)) {
      this.start(tasks);
    }
    this.announce("change");
    if (!this.isBusy) {
      this.announce("settled");
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

  /** Note what the server holds: nothing that has to be sent again, and nothing that was just sent.
      @type {(task: Task, bytes: number) => void} */
  keep(task, bytes) {
    if (bytes > task.kept) {
      task.attempts = 0;
    }
    task.kept = bytes;
    task.sent = bytes;
    this.announce("change");
  }

  /** Note how much of tasks has left, as pairs of a task and its bytes.
      @type {(amounts: [Task, number][]) => void} */
  progress(amounts) {
    let left = 0;
    for (const [task, bytes] of amounts) {
      // A body is a little longer than its file only if the file grew, which the server refuses.
      const capped = Math.min(bytes, task.size);
      left += Math.max(0, capped - task.sent);
      task.sent = capped;
      task.state = capped === task.size ? "storing" : "sending";
    }
    this.speed.add(left, this.now());
    this.announce("change");
  }

  /** @type {(results: [Task, Stored][]) => void} */
  store(results) {
    for (const [task, result] of results) {
      task.batch = null;
      task.sent = task.size;
      task.stored = result;
      task.state = "done";
      this.announce("stored", { detail: task });
    }
    this.advance();
  }

  /** Let tasks go anew that nothing stands in the way of.
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

  /** Wait for what passes by itself; give up on the rest. Either way only what is kept counts.
      @type {(tasks: Task[], failure: Failure) => void} */
  stumble(tasks, failure) {
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
      this.halve(tasks);
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
      // Meanwhile some may have been paused, cancelled, or have hit upon another obstacle.
      const still = tasks.filter((task) => task.state === "held" && task.obstacle === obstacle);
      if (still.length) {
        this.resume(still);
      }
    });
    this.advance();
  }

  /** @type {(tasks: Task[]) => void} */
  halve(tasks) {
    const middle = Math.ceil(tasks.length / 2);
    for (const half of [tasks.slice(0, middle), tasks.slice(middle)]) {
      half.forEach((task) => {
        task.group = half;
      });
    }
    this.again(tasks);
  }

  /** A file that arrived otherwise than it is has not arrived; the next try sends all of it.
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
      this.announce("change");
    }
  }

  /** @type {(type: string, options?: CustomEventInit) => void} */
  announce(type, options) {
    this.dispatchEvent(new CustomEvent(type, options));
  }
}
