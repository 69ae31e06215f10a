/* One file on its way up.

   A task is asking (something may be in its place), waiting, sending, storing (all sent, not yet
   confirmed), held (an obstacle that passes by itself), paused, done, failed or cancelled.

   Rule: a record; the queue, and who takes it in, change it. */

// Each group is a part of the next.
const ON_THE_LINE = new Set(["sending", "storing", "held"]);
const UNDER_WAY = new Set([...ON_THE_LINE, "asking", "waiting"]);
const OPEN = new Set([...UNDER_WAY, "paused"]);

// One slot is kept for files below this, so that they need not wait for the giants.
const SMALL_BYTES = 8_000_000;

/** What a stored file became: its path, the hash that the server has of it, and whether something was in its place.
    @typedef {{ path: string, contentHash?: string | null, wasReplaced?: boolean }} Stored */

/** @import { Failure } from "../core/http.js" */
/** @import { Obstacle } from "../core/retry.js" */
/** @import { Batch, Transfer } from "./scheduler.js" */

export class Task {
  /** What happens when the name is in use, in the words of the server.
      @type {"replace" | "rename"} */
  onConflict = "replace";
  isReplacing = false;
  /** @type {Transfer | null} */
  transfer = null;
  /** The batch that it goes in, if it does not go by itself.
      @type {Batch | null} */
  batch = null;
  state = "asking";
  /** Those that it goes with at most; null for whoever is there.
      @type {Task[] | null} */
  group = null;
  sent = 0;
  kept = 0;
  attempts = 0;
  /** @type {Obstacle | null} */
  obstacle = null;
  /** @type {Failure | null} */
  failure = null;
  /** @type {Stored | null} */
  stored = null;
  isVerified = false;

  /** `before` is a task with the same path, which has to be over before this one starts.
      @param {File} file
      @param {string} path
      @param {Task | null} [before] */
  constructor(file, path, before = null) {
    this.file = file;
    this.path = path;
    this.before = before;
  }

  get size() {
    return this.file.size;
  }

  /** Whether it is about `file`, as far as a browser can tell.
      @type {(file: File) => boolean} */
  isOf(file) {
    return this.size === file.size && this.file.lastModified === file.lastModified;
  }

  get isSmall() {
    return this.size < SMALL_BYTES;
  }

  /** Whether it could start now. */
  get isReady() {
    return this.state === "waiting" && !this.before?.isOpen;
  }

  /** Whether it takes one of the places on the line; one that is held keeps its place. */
  get isOnTheLine() {
    return ON_THE_LINE.has(this.state);
  }

  /** Whether it goes on without anybody doing anything. */
  get isUnderWay() {
    return UNDER_WAY.has(this.state);
  }

  /** Whether it may still become a file. */
  get isOpen() {
    return OPEN.has(this.state);
  }

  /** What takes a place on the line: a task, or all of a batch.
      @type {Task | Batch} */
  get place() {
    return this.batch ?? this;
  }

  get isFinished() {
    return this.state === "done" || this.state === "cancelled";
  }

  /** Note what its owner wants: "replace" what is in its place, or "rename" the new one. What the server
      holds of it was meant for something else then.
      @type {(choice: string) => void} */
  settle(choice) {
    const onConflict = choice === "rename" ? "rename" : "replace";
    if (onConflict !== this.onConflict) {
      this.drop();
    }
    this.onConflict = onConflict;
    this.isReplacing = choice === "replace";
  }

  /** Send nothing more; what the server holds stays. */
  stop() {
    this.leaveBatch();
    this.transfer?.stop();
  }

  /** Send nothing more, and give back what the server holds. */
  drop() {
    this.leaveBatch();
    this.transfer?.drop();
    this.transfer = null;
  }

  leaveBatch() {
    this.batch?.leave(this);
    this.batch = null;
  }

  /** Begin anew, but keep the transfer: what the server holds of it need not be sent again. */
  reset() {
    this.state = "asking";
    this.group = null;
    this.sent = 0;
    this.kept = 0;
    this.attempts = 0;
    this.obstacle = null;
    this.failure = null;
    this.stored = null;
    this.isVerified = false;
  }
}
