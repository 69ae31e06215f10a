/* How a file is sent, and whether what arrived is what was chosen. */

import { Failure, failure } from "./http.js";
import { canHash, hashOf } from "./hashing.js";
import { PlainTransfer } from "./plain.js";
import { ResumableTransfer } from "./resumable.js";
import { StallWatch } from "./stall.js";
import { text } from "./texts.js";

// From here on an upload can be resumed, at the price of one more request: a thousand files of 4 KiB
// took twice as long so, files of just this size a tenth longer.
const RESUMABLE_BYTES = 4 * 1024 * 1024;

// No status: the server has nothing to do with it, and no other try would help.
const LOCAL = -1;

const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(() => true, () => false);

/** Return what sends `task`: a transfer as queue.js describes it, around one that knows a protocol. */
export function transferOf(task, report) {
  const Kind = task.size < RESUMABLE_BYTES ? PlainTransfer : ResumableTransfer;
  const transfer = new Kind(task, { kept: keep, sent: send, stored: store, failed: fail });
  const watch = new StallWatch(stall);
  let hashing = null;

  function keep(bytes) {
    watch.moved(false);
    report.kept(bytes);
  }

  function send(bytes) {
    watch.moved(bytes >= task.size);
    report.sent(bytes);
  }

  async function store(result) {
    watch.stop();
    report.stored(result);
    const hash = await hashing?.hash;
    // A file that is gone by now can prove nothing, and neither can an answer without a hash.
    if (hash && result.contentHash) {
      report.verified(hash === result.contentHash ? null : new Failure(LOCAL, text("differs")));
    }
  }

  /** Tell a file that changed or went away from a line that broke: to the browser they are the same. */
  async function fail(reason) {
    watch.stop();
    const isLost = reason.status === 0 && !(await isReadable(task.file));
    report.failed(isLost ? new Failure(LOCAL, text("file-changed")) : reason);
  }

  function stall() {
    transfer.stop();
    report.failed(failure(0, ""));
  }

  return {
    start() {
      hashing ??= canHash ? hashOf(task.file) : null;
      watch.start();
      transfer.start();
    },
    stop() {
      watch.stop();
      transfer.stop();
    },
    drop() {
      watch.stop();
      hashing?.stop();
      transfer.drop();
    },
  };
}
