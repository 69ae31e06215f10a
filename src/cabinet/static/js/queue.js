/* Files on their way up: who waits, who goes, how far, how fast.

   Every change is announced by a "change" event, each file that has arrived by "stored", tasks that
   somebody wants to try again by "again", and "settled" follows when nothing goes on by itself any more.

   A transfer has `start()`, `stop()`, which keeps what the server holds, and `drop()`, which gives
   that back too. It reports `kept(bytes)`, all that the server has; `sent(bytes)`, what has left on
   top of it; and in the end `stored(result)` or `failed(failure)`. After `stored` it may say
   `verified(failure or null)`: whether what is stored is what was chosen.

   Rule: knows tasks and time, and neither the page nor HTTP. */

import { Speed } from "./speed.js";
import { totalsOf } from "./totals.js";

// Enough to fill a line with small files, and below the six that browsers grant one server.
const PARALLEL = 4;

export class Queue extends EventTarget {
  /** `transferOf(task, report)` makes a transfer; `obstacle(failure, attempts)` tells what passes by
      itself: null for what does not, or why it stands there and the promise `over`. */
  constructor(transferOf, obstacle, now = () => performance.now()) {
    super();
    this.transferOf = transferOf;
    this.obstacle = obstacle;
    this.now = now;
    this.tasks = [];
    this.speed = new Speed(now());
  }

  get isBusy() {
    return this.tasks.some((task) => task.isUnderWay);
  }

  /** Whether somebody may still want to go on with something. */
  get hasUnfinished() {
    return this.tasks.some((task) => !task.isFinished);
  }

  /** Take tasks in, behind the others; they start once `release` is told so. What is over is forgotten. */
  add(tasks) {
    const paths = new Set(tasks.map((task) => task.path));
    if (!this.isBusy) {
      this.tasks = this.tasks.filter((task) => !task.isFinished && !paths.has(task.path));
    }
    this.tasks = this.tasks.concat(tasks);
    this.announce("change");
  }

  /** Note what tasks that were taken in wait for. */
  hinder(tasks, obstacle) {
    tasks.forEach((task) => {
      task.obstacle = obstacle;
    });
    this.announce("change");
  }

  /** Let tasks that were taken in go. */
  release(tasks) {
    this.each(tasks, (task) => task.state === "asking", "waiting", (task) => {
      task.obstacle = null;
    });
  }

  /** Forget tasks that were taken in and shall not go. */
  withdraw(tasks) {
    const gone = new Set(tasks);
    gone.forEach((task) => {
      task.state = "cancelled";
      task.transfer?.drop();
    });
    this.tasks = this.tasks.filter((task) => !gone.has(task));
    this.advance();
  }

  pause(tasks) {
    this.each(tasks, (task) => task.isUnderWay && task.state !== "asking", "paused", (task) => {
      task.transfer?.stop();
      task.sent = task.kept;
    });
  }

  resume(tasks) {
    this.each(tasks, (task) => task.state === "paused" || task.state === "held", "waiting", (task) => {
      task.transfer?.stop();
      task.obstacle = null;
    });
  }

  cancel(tasks) {
    // What nobody has agreed on yet never began, and nobody can go on with it.
    const asking = new Set(tasks.filter((task) => task.state === "asking"));
    this.tasks = this.tasks.filter((task) => !asking.has(task));
    this.each(tasks, (task) => task.isOpen || task.state === "failed", "cancelled", (task) => {
      task.transfer?.drop();
      task.transfer = null;
    });
  }

  /** Take tasks that are over in again; they start once `release` is told so. */
  retry(tasks) {
    const again = tasks.filter((task) => task.state === "failed" || task.state === "cancelled");
    again.forEach((task) => task.reset());
    this.announce("again", { detail: again });
    this.announce("change");
  }

  /** Stop what is being sent until `obstacle` is over; what is all sent gets its answer. What waits for the
      same already waits for this reason now. */
  suspend(obstacle) {
    const waitsForIt = ({ state, obstacle: other }) => state === "held" && other.over === obstacle.over;
    const tasks = this.tasks.filter((task) => task.state === "sending" || waitsForIt(task));
    tasks.forEach((task) => task.transfer.stop());
    if (tasks.length) {
      this.hold(tasks, obstacle);
    }
  }

  fail(tasks, failure) {
    this.each(tasks, (task) => task.isOpen, "failed", (task) => {
      task.failure = failure;
    });
  }

  /** How far all of it is. */
  totals() {
    return totalsOf(this.tasks, this.speed);
  }

  /** Change all of `tasks` that are in question before any other starts in the place of one. */
  each(tasks, isInQuestion, state, act = () => {}) {
    for (const task of tasks.filter(isInQuestion)) {
      act(task);
      task.state = state;
    }
    this.advance();
  }

  advance() {
    for (let task = this.next(); task; task = this.next()) {
      this.start(task);
    }
    this.announce("change");
    if (!this.isBusy) {
      this.announce("settled");
    }
  }

  next() {
    const active = this.tasks.filter((task) => task.isOnTheLine);
    if (active.length >= PARALLEL) {
      return undefined;
    }
    const large = active.filter((task) => !task.isSmall).length;
    return this.tasks.find((task) => task.isReady && (task.isSmall || large < PARALLEL - 1));
  }

  start(task) {
    if (!this.tasks.some(({ state }) => state === "sending" || state === "storing")) {
      this.speed.skip(this.now());
    }
    task.state = "sending";
    // A report may have been under way when its task was paused or cancelled.
    const onTheLine = (act) => (value) => task.isOnTheLine && act(value);
    task.transfer ??= this.transferOf(task, {
      kept: onTheLine((bytes) => this.keep(task, bytes)),
      sent: onTheLine((bytes) => this.progress(task, bytes)),
      stored: onTheLine((result) => this.store(task, result)),
      failed: onTheLine((failure) => this.stumble(task, failure)),
      verified: (failure) => this.verify(task, failure),
    });
    task.transfer.start();
  }

  /** Note what the server holds: nothing that has to be sent again, and nothing that was just sent. */
  keep(task, bytes) {
    if (bytes > task.kept) {
      task.attempts = 0;
    }
    task.kept = bytes;
    task.sent = bytes;
    this.announce("change");
  }

  progress(task, bytes) {
    // A body is a little longer than its file only if the file grew, which the server refuses.
    const capped = Math.min(bytes, task.size);
    this.speed.add(Math.max(0, capped - task.sent), this.now());
    task.sent = capped;
    task.state = capped === task.size ? "storing" : "sending";
    this.announce("change");
  }

  store(task, result) {
    task.sent = task.size;
    task.stored = result;
    task.state = "done";
    this.announce("stored", { detail: task });
    this.advance();
  }

  /** Wait for what passes by itself; give up on the rest. Either way only what is kept counts. */
  stumble(task, failure) {
    const obstacle = this.obstacle(failure, task.attempts);
    task.attempts += 1;
    if (obstacle) {
      this.hold([task], obstacle);
    } else {
      task.sent = task.kept;
      task.obstacle = null;
      this.fail([task], failure);
    }
  }

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

  /** A file that arrived otherwise than it is has not arrived; the next try sends all of it. */
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

  announce(type, options) {
    this.dispatchEvent(new CustomEvent(type, options));
  }
}
