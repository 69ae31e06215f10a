/* A file sent by one PUT: for those so small that to begin anew costs less than to ask where to go on.

   Rule: a transfer as upload/queue.js describes it; after `stop` it reports nothing. */

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
    const told = {
      // Not the file's own type: a text/plain body would look like a form.
      "Content-Type": "application/octet-stream",
      "X-Mtime": String(file.lastModified / 1000),
    };
    this.request = sendBody("PUT", `${contentUrl(path)}?on_conflict=${onConflict}`, file, told, {
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

  /** What one PUT sent, the server holds only once it is all there. */
  count() {
    return 0;
  }

  drop() {
    this.stop();
  }
}
