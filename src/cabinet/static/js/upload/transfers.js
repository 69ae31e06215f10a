/* How a file is sent, and whether what arrived is what was chosen. */

import { Failure, failure } from "../core/http.js";
import { text } from "../core/texts.js";
import { canHash, hashOf } from "./hashing.js";
import { arrived, bodyLimit, isTooMuch } from "./limits.js";
import { PlainTransfer } from "./plain.js";
import { ResumableTransfer } from "./resumable.js";
import { StallWatch } from "./stall.js";

/** @import { Report } from "./reports.js" */
/** @import { Transfer } from "./scheduler.js" */
/** @import { Stored, Task } from "./task.js" */

/** What a protocol reports of its file.
    @typedef {Pick<Report, "kept" | "sent" | "stored" | "failed">} ProtocolReport */

// From here on an upload can be resumed, at the price of one more request: a thousand files of 4 KiB
// took twice as long so, files of just this size a tenth longer.
const RESUMABLE_BYTES = 4 * 1024 * 1024;

// No status: the server has nothing to do with it, and no other try would help.
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

/** Return what sends `task`: a transfer as upload/queue.js describes it, around one that knows a protocol.
    @type {(task: Task, report: Report) => Transfer} */
export function transferOf(task, report) {
  const reports = { kept: keep, sent: send, stored: store, failed: fail };
  /** @type {PlainTransfer | ResumableTransfer | null} */
  let transfer = null;
  const watch = new StallWatch(stall);
  /** @type {ReturnType<typeof hashOf> | null} */
  let hashing = null;

  /** Take the protocol that suits: one that sends all at once only for what is let through at once.
      @type {() => PlainTransfer | ResumableTransfer} */
  function adapt() {
    const isPlain = task.size < RESUMABLE_BYTES && task.size <= bodyLimit();
    const Kind = isPlain ? PlainTransfer : ResumableTransfer;
    return transfer instanceof Kind ? transfer : new Kind(task, reports);
  }

  /** @type {Report["kept"]} */
  function keep(bytes) {
    watch.moved(false);
    if (bytes > task.kept) {
      arrived([task]);
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
    arrived([task]);
    report.stored(result);
    const hash = await hashing?.hash;
    // A file that is gone by now can prove nothing, and neither can an answer without a hash.
    if (hash && result.contentHash) {
      report.verified(hash === result.contentHash ? null : new Failure(LOCAL, text("differs")));
    }
  }

  /** Tell apart what is the same to a browser: a file that changed or went away, a line that broke, and
      one that somebody in front of the server cuts.
      @type {(reason: Failure) => Promise<void>} */
  async function fail(reason) {
    watch.stop();
    if (reason.status === 0 && !(await isReadable(task.file))) {
      report.failed(new Failure(LOCAL, text("file-changed")));
    } else if (await isTooMuch(reason, transfer?.bodyBytes ?? 0, [task])) {
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
      transfer = adapt();
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
