/* A file sent by one PUT: for those so small that to begin anew costs less than to ask where to go on.

   Rule: a transfer as queue.js describes it; after `stop` it reports nothing. */

import { contentUrl, failure, headers } from "./http.js";

const HTTP_OK = 200;

export class PlainTransfer {
  constructor(task, report) {
    this.task = task;
    this.report = report;
    this.request = null;
  }

  start() {
    const { file, path, onConflict } = this.task;
    // XMLHttpRequest, because fetch cannot tell how much of a body has left.
    const request = new XMLHttpRequest();
    request.open("PUT", `${contentUrl(path)}?on_conflict=${onConflict}`);
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, value);
    }
    // Not the file's own type: a text/plain body would look like a form.
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Mtime", file.lastModified / 1000);
    request.upload.addEventListener("progress", (event) => this.report.sent(event.loaded));
    request.addEventListener("load", () => this.finish(request));
    request.addEventListener("error", () => this.report.failed(failure(0, "")));
    request.send(file);
    this.request = request;
  }

  finish(request) {
    const { status, responseText } = request;
    if (status >= 300) {
      this.report.failed(failure(status, responseText, request.getResponseHeader("Retry-After")));
      return;
    }
    const { path, content_hash: contentHash } = JSON.parse(responseText);
    this.report.stored({ path, contentHash, wasReplaced: status === HTTP_OK });
  }

  stop() {
    this.request?.abort();
  }

  drop() {
    this.stop();
  }
}
