/* Upload by a single PUT, for files so small that resuming would cost more than starting anew.

   Rule: a transfer as in upload/scheduler.js; reports nothing after `stop`. */

import { contentUrl } from "../core/http.js";
import { sendBody } from "./sending.js";

/** @import { ProtocolReport } from "./transfers.js" */
/** @import { Task } from "./task.js" */

const HTTP_OK = 200;

export class PlainTransfer {
  /** @param {Task} task
      @param {ProtocolReport} report */
  constructor(task, report) {
    this.task = task;
    this.report = report;
    /** @type {XMLHttpRequest | null} */
    this.request = null;
  }

  get bodyBytes() {
    return this.task.size;
  }

  start() {
    const { file, path, onConflict } = this.task;
    const overrides = {
      // Not the type of the file: text/plain would look like a form.
      "Content-Type": "application/octet-stream",
      "X-Mtime": String(file.lastModified / 1000),
    };
    this.request = sendBody("PUT", `${contentUrl(path)}?on_conflict=${onConflict}`, file, overrides, {
      sent: this.report.sent,
      answered: (answer, status) => this.finish(JSON.parse(answer), status),
      failed: this.report.failed,
    });
  }

  /** @type {(entry: { path: string, content_hash: string }, status: number) => void} */
  finish({ path, content_hash: contentHash }, status) {
    this.report.stored({ path, contentHash, wasReplaced: status === HTTP_OK });
  }

  stop() {
    this.request?.abort();
  }

  /** Return how many bytes the server holds: a PUT is stored only when it is complete. */
  count() {
    return 0;
  }

  drop() {
    this.stop();
  }
}
