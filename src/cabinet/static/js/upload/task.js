/* One upload.

   Its state is asking (checking for a conflict), waiting, sending, storing (all sent, not confirmed), held (by a
   temporary obstacle), paused, done, failed or cancelled.

   Rule: a record, changed by the queue and by upload/enqueue.js. */

// Each set contains the one before.
const ACTIVE = new Set(["sending", "storing", "held"]);
const UNDER_WAY = new Set([...ACTIVE, "asking", "waiting"]);
const OPEN = new Set([...UNDER_WAY, "paused"]);

// One slot is reserved for files below this size, so that large ones do not delay them.
const SMALL_BYTES = 8_000_000;

/** The result of an upload: the stored path, the server's hash, and whether it replaced a file.
    @typedef {{ path: string, contentHash?: string | null, wasReplaced?: boolean }} Stored */

/** @import { Failure } from "../core/http.js" */
/** @import { Obstacle } from "../core/retry.js" */
/** @import { Batch, Transfer } from "./scheduler.js" */

export class Task {
  /** The conflict resolution, as in the API.
      @type {"replace" | "rename"} */
  onConflict = "replace";
  isReplacing = false;
  /** @type {Transfer | null} */
  transfer = null;
  /** The batch that contains this task, null if it is sent alone.
      @type {Batch | null} */
  batch = null;
  state = "asking";
  /** The only tasks that it may share a batch with, after a refused batch was split; null for any.
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

  /** `before` is a task with the same path that must finish before this one starts.
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

  /** Return whether this is an upload of `file`, as far as a browser can tell.
      @type {(file: File) => boolean} */
  isOf(file) {
    return this.size === file.size && this.file.lastModified === file.lastModified;
  }

  get isSmall() {
    return this.size < SMALL_BYTES;
  }

  /** Whether the task can start. */
  get isReady() {
    return this.state === "waiting" && !this.before?.isOpen;
  }

  /** Whether the task occupies a slot; a held one keeps its slot. */
  get isActive() {
    return ACTIVE.has(this.state);
  }

  /** Whether the task continues without the user. */
  get isUnderWay() {
    return UNDER_WAY.has(this.state);
  }

  /** Whether the task may still be completed. */
  get isOpen() {
    return OPEN.has(this.state);
  }

  /** The occupant of the slot: the task, or its batch.
      @type {Task | Batch} */
  get slot() {
    return this.batch ?? this;
  }

  get isFinished() {
    return this.state === "done" || this.state === "cancelled";
  }

  /** Set the user's conflict resolution, "replace" or "rename". A change discards what the server holds, because it
      was started with the other one.
      @type {(choice: string) => void} */
  setResolution(choice) {
    const onConflict = choice === "rename" ? "rename" : "replace";
    if (onConflict !== this.onConflict) {
      this.drop();
    }
    this.onConflict = onConflict;
    this.isReplacing = choice === "replace";
  }

  /** Stop sending; the server keeps what it holds. */
  stop() {
    this.leaveBatch();
    this.transfer?.stop();
  }

  /** Stop sending, and discard what the server holds. */
  drop() {
    this.leaveBatch();
    this.transfer?.drop();
    this.transfer = null;
  }

  leaveBatch() {
    this.batch?.leave(this);
    this.batch = null;
  }

  /** Start anew, but keep the transfer, which can resume. */
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
