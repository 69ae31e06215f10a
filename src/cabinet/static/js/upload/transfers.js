/* Sends a file by the suitable protocol, and verifies the hash of what was stored. */

import { Failure, failure } from "../core/http.js";
import { text } from "../core/texts.js";
import { canHash, hashOf } from "./hashing.js";
import { bodyLimit, isTooLarge, recordArrival } from "./limits.js";
import { PlainTransfer } from "./plain.js";
import { ResumableTransfer } from "./resumable.js";
import { StallWatch } from "./stall.js";

/** @import { Report } from "./reports.js" */
/** @import { Transfer } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** The reports of a protocol.
    @typedef {Pick<Report, "kept" | "sent" | "stored" | "failed">} ProtocolReport */

// Files from this size on are resumable, which costs an additional request: a thousand files of 4 KiB would take
// twice as long, files of this size take 10 percent longer.
const RESUMABLE_BYTES = 4 * 1024 * 1024;

// Not a status: a local problem, which a retry would not solve.
const LOCAL = -1;

/** @type {(file: File) => Promise<boolean>} */
const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

/** Return the transfer of `task`, as in upload/scheduler.js; it wraps that of a protocol.
    @type {(task: Task, report: Report) => Transfer} */
export function transferOf(task, report) {
  const reports = { kept: keep, sent: send, stored: store, failed: fail };
  /** @type {PlainTransfer | ResumableTransfer | null} */
  let transfer = null;
  const watch = new StallWatch(stall);
  /** @type {ReturnType<typeof hashOf> | null} */
  let hashing = null;

  /** Select the protocol: a plain PUT only for bodies below the limit.
      @type {() => PlainTransfer | ResumableTransfer} */
  function createTransfer() {
    const isPlain = task.size < RESUMABLE_BYTES && task.size <= bodyLimit();
    const Kind = isPlain ? PlainTransfer : ResumableTransfer;
    return transfer instanceof Kind ? transfer : new Kind(task, reports);
  }

  /** @type {Report["kept"]} */
  function keep(bytes) {
    watch.moved(false);
    if (bytes > task.kept) {
      recordArrival([task]);
    }
    report.kept(bytes);
  }

  /** @type {Report["sent"]} */
  function send(bytes) {
    watch.moved(bytes >= task.size);
    report.sent(bytes);
  }

  /** @type {(result: Stored) => Promise<void>} */
  async function store(result) {
    watch.stop();
    recordArrival([task]);
    report.stored(result);
    const hash = await hashing?.hash;
    // Without the hash of the file or of the server there is nothing to compare.
    if (hash && result.contentHash) {
      report.verified(hash === result.contentHash ? null : new Failure(LOCAL, text("differs")));
    }
  }

  /** Tell apart failures that look the same to a browser: a changed or removed file, a lost connection, and a
      connection that a proxy cut because of the size.
      @type {(reason: Failure) => Promise<void>} */
  async function fail(reason) {
    watch.stop();
    if (reason.status === 0 && !(await isReadable(task.file))) {
      report.failed(new Failure(LOCAL, text("file-changed")));
    } else if (await isTooLarge(reason, transfer?.bodyBytes ?? 0, [task])) {
      report.again();
    } else {
      report.failed(reason);
    }
  }

  function stall() {
    transfer?.stop();
    report.failed(failure(0, ""));
  }

  return {
    start() {
      hashing ??= canHash ? hashOf(task.file) : null;
      transfer = createTransfer();
      watch.start();
      transfer.start();
    },
    stop() {
      watch.stop();
      transfer?.stop();
    },
    count() {
      return transfer?.count() ?? 0;
    },
    drop() {
      watch.stop();
      hashing?.stop();
      transfer?.drop();
    },
  };
}
