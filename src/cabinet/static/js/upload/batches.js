/* Small files are sent in batches: one request and one commit per file would take most of the time.

   A batch is read into memory first, so it is small, and the hash is of what is sent. The server stores all of it or
   nothing.

   Rule: a transfer as in upload/scheduler.js; it reports nothing of a task that has left the batch. */

import { base, Failure, failure } from "../core/http.js";
import { text } from "../core/texts.js";
import { hashOfBlock } from "./content-hash.js";
import { canHash } from "./hashing.js";
import { bodyLimit, isTooLarge, recordArrival } from "./limits.js";
import { sendBody } from "./sending.js";
import { StallWatch } from "./stall.js";

/** @import { BatchReport } from "./reports.js" */
/** @import { Batches } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** A file in memory, and its hash where the browser can compute one.
    @typedef {{ task: Task, content: ArrayBuffer, hash: string | null }} Loaded */

// The limits of a batch, the same as in filecli (client/transfer/batches.py).
const MAX_FILES = 500;
const SMALL_BYTES = 1024 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;
// A dropped connection loses at most what it carries in this time, once the speed is known.
const MAX_SECONDS = 1;
const MIN_BYTES = 512 * 1024;
const INITIAL_BYTES = 1024 * 1024;

// Not a status: a local problem, which a retry would not solve.
const LOCAL = -1;
const FORBIDDEN = 403;

// The overhead of a file in the form, without the path; paths are counted in UTF-16 code units.
const HEADER_BYTES = 512;
const MAX_BYTES_PER_UNIT = 3;

// A lone surrogate in a name would be replaced in a form.
/** @type {(task: Task) => boolean} */
const canBatch = ({ size, path }) => size <= SMALL_BYTES && (path.isWellFormed?.() ?? true);

/** Return the maximum size of a task in the form, including the headers of its two parts.
    @type {(task: Task) => number} */
const maxFormSize = ({ size, path }) => size + HEADER_BYTES + MAX_BYTES_PER_UNIT * path.length;

/** Return the tasks that go into a batch with the first one; `rate` is in bytes per second.
    @type {(tasks: Task[], rate: number) => Task[]} */
function gather(tasks, rate) {
  const [first] = tasks;
  if (!canBatch(first)) {
    return [first];
  }
  const suitable = rate ? Math.max(MIN_BYTES, rate * MAX_SECONDS) : INITIAL_BYTES;
  const most = Math.min(MAX_BYTES, suitable, bodyLimit());
  const together = [];
  let bytes = 0;
  for (const task of tasks) {
    if (!canBatch(task) || task.onConflict !== first.onConflict) {
      continue;
    }
    bytes += maxFormSize(task);
    if (together.length === MAX_FILES || (together.length && bytes > most)) {
      break;
    }
    together.push(task);
  }
  return together;
}

// Permission or disk space: every file would be refused for the same reason.
/** @type {(failure: Failure) => boolean} */
const isForAll = ({ status, type }) => status === FORBIDDEN || type === "storage-full";

/** Return the content of a file, and its hash where the browser can compute one; null if it cannot be read.
    @type {(task: Task) => Promise<Loaded | { task: Task, content: null, hash: null }>} */
async function load(task) {
  try {
    const content = await task.file.arrayBuffer();
    return { task, content, hash: canHash ? await hashOfBlock(content) : null };
  } catch {
    return { task, content: null, hash: null };
  }
}

/** Return the multipart form of the files, its content type, and the offset of each file in it.
    @type {(loaded: Loaded[]) => { body: Blob, type: string, starts: number[] }} */
function formOf(loaded) {
  // 128 random bits, so that no content can contain the boundary.
  const random = crypto.getRandomValues(new Uint8Array(16));
  const boundary = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const encoder = new TextEncoder();
  /** @type {(ArrayBuffer | Uint8Array<ArrayBuffer>)[]} */
  const pieces = [];
  /** @type {number[]} */
  const starts = [];
  let length = 0;
  /** @type {(piece: ArrayBuffer | Uint8Array<ArrayBuffer>) => void} */
  const add = (piece) => {
    pieces.push(piece);
    length += piece.byteLength;
  };
  for (const { task, content, hash } of loaded) {
    const digest = hash ? `X-Content-Hash: ${hash}\r\n` : "";
    add(
      encoder.encode(
        `--${boundary}\r\nContent-Disposition: form-data; name="path"\r\n\r\n${task.path}\r\n` +
          `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="-"\r\n` +
          `X-Mtime: ${task.file.lastModified / 1000}\r\n${digest}\r\n`,
      ),
    );
    starts.push(length);
    add(content);
    add(encoder.encode("\r\n"));
  }
  add(encoder.encode(`--${boundary}--\r\n`));
  return { body: new Blob(pieces), type: `multipart/form-data; boundary=${boundary}`, starts };
}

class Batch {
  /** @param {Task[]} tasks
      @param {BatchReport} report */
  constructor(tasks, report) {
    this.report = report;
    this.tasks = new Set(tasks);
    /** @type {XMLHttpRequest | null} */
    this.request = null;
    this.bodyBytes = 0;
    this.isAllSent = false;
    this.watch = new StallWatch(() => this.fail(failure(0, "")));
  }

  async start() {
    const loaded = await Promise.all([...this.tasks].map(load));
    for (const { task } of loaded.filter(({ content }) => !content)) {
      if (this.tasks.delete(task)) {
        this.report.failed([task], new Failure(LOCAL, text("file-changed")));
      }
    }
    const going = loaded.flatMap((each) => (each.content && this.tasks.has(each.task) ? each : []));
    if (going.length) {
      this.send(going);
    }
  }

  /** @type {(loaded: Loaded[]) => void} */
  send(loaded) {
    const { body, type, starts } = formOf(loaded);
    this.bodyBytes = body.size;
    const url = `${base}upload?on_conflict=${loaded[0].task.onConflict}`;
    this.watch.start();
    this.request = sendBody(
      "POST",
      url,
      body,
      { "Content-Type": type },
      {
        sent: (bytes) => {
          this.isAllSent = bytes >= body.size;
          this.watch.moved(this.isAllSent);
          /** @type {(each: Loaded, index: number) => [Task, number]} */
          const left = ({ task }, index) => [task, Math.max(0, Math.min(task.size, bytes - starts[index]))];
          this.report.sent(loaded.map(left));
        },
        answered: (answer) => this.finish(loaded, JSON.parse(answer).files),
        failed: (reason) => this.fail(reason),
      },
    );
  }

  /** @type {(loaded: Loaded[], entries: { path: string, content_hash: string }[]) => void} */
  finish(loaded, entries) {
    this.watch.stop();
    recordArrival(loaded.map(({ task }) => task));
    /** @type {[Task, Stored][]} */
    const results = loaded.map(({ task }, index) => {
      const { path, content_hash: contentHash } = entries[index];
      return [task, { path, contentHash, wasReplaced: task.isReplacing }];
    });
    /** @type {(each: Loaded) => boolean} */
    const isInside = ({ task }) => this.tasks.has(task);
    const proven = loaded.filter((each) => each.hash && isInside(each));
    this.report.stored(results.filter(([task]) => this.tasks.has(task)));
    for (const { task, hash } of proven) {
      const isSame = hash === task.stored?.contentHash;
      this.report.verified(task, isSame ? null : new Failure(LOCAL, text("differs")));
    }
  }

  /** @type {(reason: Failure) => Promise<void>} */
  async fail(reason) {
    this.end();
    const isAgain = await isTooLarge(reason, this.bodyBytes, [...this.tasks]);
    const failed = [...this.tasks];
    this.tasks.clear();
    if (isAgain) {
      this.report.again(failed);
    } else {
      this.report.failed(failed, reason);
    }
  }

  /** Abort the request. */
  end() {
    this.watch.stop();
    this.request?.abort();
    this.request = null;
  }

  /** Remove a task. If its bytes are still being sent, the others start anew; once everything is sent, the answer is
      awaited.
      @type {(task: Task) => void} */
  leave(task) {
    if (!this.tasks.delete(task) || !this.request || this.isAllSent) {
      return;
    }
    this.end();
    // The caller may be about to remove others.
    queueMicrotask(() => {
      const others = [...this.tasks];
      this.tasks.clear();
      this.report.again(others);
    });
  }
}

/** @type {Batches} */
export const batches = { gather, isForAll, transferOf: (tasks, report) => new Batch(tasks, report) };
