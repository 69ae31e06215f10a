/* Files on their way up: who waits, who goes, how far, how fast.

   A task is waiting, sending, storing (all sent, not yet confirmed), done, failed or cancelled.
   Every change is announced by a "change" event; "settled" follows when nothing is left to do.

   Rule: knows tasks and time, and neither the page nor HTTP. */

// Enough to fill a line with small files, and below the six that browsers grant one server.
const PARALLEL = 4;
// One slot is kept for files below this, so that they need not wait for the giants.
const SMALL_BYTES = 8_000_000;
// The speed shown is smoothed over about this long.
const SMOOTHING_SECONDS = 3;

const UNDER_WAY = new Set(["waiting", "sending", "storing"]);
const ON_THE_LINE = new Set(["sending", "storing"]);

export class Task {
  constructor(file, path) {
    this.file = file;
    this.path = path;
    this.reset();
  }

  get size() {
    return this.file.size;
  }

  get isSmall() {
    return this.size < SMALL_BYTES;
  }

  get isUnderWay() {
    return UNDER_WAY.has(this.state);
  }

  reset() {
    this.state = "waiting";
    this.sent = 0;
    this.failure = null;
    this.wasReplaced = false;
    this.abort = null;
  }
}

/** Bytes a second, smoothed exponentially. */
class Speed {
  constructor(now) {
    this.at = now;
    this.bytes = 0;
    this.perSecond = 0;
  }

  add(bytes, now) {
    this.bytes += bytes;
    const seconds = (now - this.at) / 1000;
    if (seconds >= 0.25) {
      const weight = this.perSecond ? 1 - Math.exp(-seconds / SMOOTHING_SECONDS) : 1;
      this.perSecond += weight * (this.bytes / seconds - this.perSecond);
      this.at = now;
      this.bytes = 0;
    }
  }
}

export class Queue extends EventTarget {
  /** `send(task, progress, done)` starts a transfer and returns a function that gives it up. */
  constructor(send, now = () => performance.now()) {
    super();
    this.send = send;
    this.now = now;
    this.tasks = [];
    this.speed = null;
  }

  get isBusy() {
    return this.tasks.some((task) => task.isUnderWay);
  }

  /** Add tasks behind the others; what an earlier, finished batch left is forgotten. */
  add(tasks) {
    if (!this.isBusy) {
      this.tasks = [];
      this.speed = new Speed(this.now());
    }
    this.tasks.push(...tasks);
    this.advance();
  }

  cancel(task) {
    if (task.isUnderWay) {
      task.abort?.();
      this.change(task, "cancelled");
      this.advance();
    }
  }

  cancelAll() {
    // Those that wait go first, or each freed slot would start one more.
    const open = this.tasks.filter((task) => task.isUnderWay);
    open.sort((a, b) => ON_THE_LINE.has(a.state) - ON_THE_LINE.has(b.state));
    open.forEach((task) => this.cancel(task));
  }

  retry(tasks) {
    if (!this.isBusy) {
      this.speed = new Speed(this.now());
    }
    tasks.forEach((task) => task.reset());
    this.advance();
  }

  /** How far all of it is. What failed or was cancelled counts neither as sent nor as to be sent. */
  totals() {
    const counted = this.tasks.filter((task) => task.isUnderWay || task.state === "done");
    const sum = (read) => counted.reduce((total, task) => total + read(task), 0);
    const size = sum((task) => task.size);
    const sent = sum((task) => task.sent);
    const rate = this.speed?.perSecond ?? 0;
    return {
      count: counted.length,
      done: counted.filter((task) => task.state === "done").length,
      failed: this.tasks.filter((task) => task.state === "failed").length,
      size,
      sent,
      rate,
      remaining: rate ? (size - sent) / rate : null,
    };
  }

  advance() {
    for (let task = this.next(); task; task = this.next()) {
      this.start(task);
    }
    this.dispatchEvent(new Event("change"));
    if (!this.isBusy) {
      this.dispatchEvent(new Event("settled"));
    }
  }

  next() {
    const active = this.tasks.filter((task) => ON_THE_LINE.has(task.state));
    if (active.length >= PARALLEL) {
      return undefined;
    }
    const large = active.filter((task) => !task.isSmall).length;
    return this.tasks.find((task) => task.state === "waiting" && (task.isSmall || large < PARALLEL - 1));
  }

  start(task) {
    task.state = "sending";
    task.abort = this.send(
      task,
      (sent) => this.progress(task, sent),
      (failure, wasReplaced) => this.finish(task, failure, wasReplaced),
    );
  }

  progress(task, sent) {
    // A body is a little longer than its file only if the file grew, which the server refuses.
    const capped = Math.min(sent, task.size);
    this.speed.add(capped - task.sent, this.now());
    task.sent = capped;
    this.change(task, capped === task.size ? "storing" : "sending");
  }

  finish(task, failure, wasReplaced) {
    task.failure = failure;
    task.wasReplaced = wasReplaced;
    if (!failure) {
      task.sent = task.size;
    }
    this.change(task, failure ? "failed" : "done");
    this.advance();
  }

  change(task, state) {
    task.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
