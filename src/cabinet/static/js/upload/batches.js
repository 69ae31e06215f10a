/* Small files, many in one request: a round trip and a commit for each would take most of the time.

   A batch is held in memory while it is sent, so it is small, and what is hashed is what is sent. The
   server stores all of it or nothing.

   Rule: the transfer of a batch as upload/queue.js describes it; it reports nothing of a task that has left. */

import { Failure, failure, root } from "../core/http.js";
import { text } from "../core/texts.js";
import { hashOfBlock } from "./content-hash.js";
import { canHash } from "./hashing.js";
import { arrived, bodyLimit, isTooMuch } from "./limits.js";
import { sendBody } from "./sending.js";
import { StallWatch } from "./stall.js";

/** @import { BatchReport } from "./reports.js" */
/** @import { Batches } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** A file as it is now, and its hash where the browser computes one.
    @typedef {{ task: Task, content: ArrayBuffer, hash: string | null }} Loaded */

// Files, of at most so many bytes each, and bytes in all: as filecli does (client/transfer/batches.py).
const MOST_FILES = 500;
const SMALL_BYTES = 1024 * 1024;
const MOST_BYTES = 8 * 1024 * 1024;
// What a cut line costs: as much as all of the line carries in so many seconds, once that is known.
const SECONDS = 1;
const LEAST_BYTES = 512 * 1024;
const FIRST_BYTES = 1024 * 1024;

// No status: the server has nothing to do with it, and no other try would help.
const LOCAL = -1;
const FORBIDDEN = 403;

// Round a path and a content in a form. A letter is a unit of UTF-16, as in the length of a path.
const HEAD_BYTES = 512;
const MOST_BYTES_OF_A_LETTER = 3;

// A name that is no Unicode would become another one in a form.
/** @type {(task: Task) => boolean} */
const canGoAlong = ({ size, path }) => size <= SMALL_BYTES && (path.isWellFormed?.() ?? true);

/** Return how much a task adds to a form at most, with the heads of its two parts.
    @type {(task: Task) => number} */
const weightOf = ({ size, path }) => size + HEAD_BYTES + MOST_BYTES_OF_A_LETTER * path.length;

/** Return those of `tasks` that go with the first of them, and it; `rate` is in bytes a second.
    @type {(tasks: Task[], rate: number) => Task[]} */
function gather(tasks, rate) {
  const [first] = tasks;
  if (!canGoAlong(first)) {
    return [first];
  }
  const suitable = rate ? Math.max(LEAST_BYTES, rate * SECONDS) : FIRST_BYTES;
  const most = Math.min(MOST_BYTES, suitable, bodyLimit());
  const together = [];
  let bytes = 0;
  for (const task of tasks) {
    if (!canGoAlong(task) || task.onConflict !== first.onConflict) {
      continue;
    }
    bytes += weightOf(task);
    if (together.length === MOST_FILES || (together.length && bytes > most)) {
      break;
    }
    together.push(task);
  }
  return together;
}

// The account may not, or the disk is full: each of the files would hear the same.
/** @type {(failure: Failure) => boolean} */
const isForAll = ({ status, type }) => status === FORBIDDEN || type === "storage-full";

/** Return a file as it is now, and its hash where the browser computes one; null if it cannot be read.
    @type {(task: Task) => Promise<Loaded | { task: Task, content: null, hash: null }>} */
async function load(task) {
  try {
    const content = await task.file.arrayBuffer();
    return { task, content, hash: canHash ? await hashOfBlock(content) : null };
  } catch {
    return { task, content: null, hash: null };
  }
}

/** Return the form of what was loaded, its type, and where in it each content starts.
    @type {(loaded: Loaded[]) => { body: Blob, type: string, starts: number[] }} */
function formOf(loaded) {
  // 128 random bits: no content holds them by chance, and none can be made to.
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
    this.inside = new Set(tasks);
    /** @type {XMLHttpRequest | null} */
    this.request = null;
    this.bodyBytes = 0;
    this.isAllSent = false;
    this.watch = new StallWatch(() => this.fail(failure(0, "")));
  }

  async start() {
    const loaded = await Promise.all([...this.inside].map(load));
    for (const { task } of loaded.filter(({ content }) => !content)) {
      if (this.inside.delete(task)) {
        this.report.failed([task], new Failure(LOCAL, text("file-changed")));
      }
    }
    const going = loaded.flatMap((each) => (each.content && this.inside.has(each.task) ? each : []));
    if (going.length) {
      this.send(going);
    }
  }

  /** @type {(loaded: Loaded[]) => void} */
  send(loaded) {
    const { body, type, starts } = formOf(loaded);
    this.bodyBytes = body.size;
    const url = `${root}upload?on_conflict=${loaded[0].task.onConflict}`;
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
    arrived(loaded.map(({ task }) => task));
    /** @type {[Task, Stored][]} */
    const results = loaded.map(({ task }, index) => {
      const { path, content_hash: contentHash } = entries[index];
      return [task, { path, contentHash, wasReplaced: task.isReplacing }];
    });
    /** @type {(each: Loaded) => boolean} */
    const isInside = ({ task }) => this.inside.has(task);
    const proven = loaded.filter((each) => each.hash && isInside(each));
    this.report.stored(results.filter(([task]) => this.inside.has(task)));
    for (const { task, hash } of proven) {
      const isSame = hash === task.stored?.contentHash;
      this.report.verified(task, isSame ? null : new Failure(LOCAL, text("differs")));
    }
  }

  /** @type {(reason: Failure) => Promise<void>} */
  async fail(reason) {
    this.end();
    const isAgain = await isTooMuch(reason, this.bodyBytes, [...this.inside]);
    const failed = [...this.inside];
    this.inside.clear();
    if (isAgain) {
      this.report.again(failed);
    } else {
      this.report.failed(failed, reason);
    }
  }

  /** Send nothing more. */
  end() {
    this.watch.stop();
    this.request?.abort();
    this.request = null;
  }

  /** Let a task out. The others begin anew where its bytes are still on their way; once all of them are
      with the server, what it makes of them is waited for.
      @type {(task: Task) => void} */
  leave(task) {
    if (!this.inside.delete(task) || !this.request || this.isAllSent) {
      return;
    }
    this.end();
    // Whoever lets one out may be about to let out more.
    queueMicrotask(() => {
      const others = [...this.inside];
      this.inside.clear();
      this.report.again(others);
    });
  }
}

/** @type {Batches} */
export const batches = { gather, isForAll, transferOf: (tasks, report) => new Batch(tasks, report) };
