/* A request with upload progress, which fetch does not provide.

   Rule: one answer or none; nothing is reported after `abort`. */

import { failure, headers } from "../core/http.js";

/** @import { Failure } from "../core/http.js" */

/** The reports of a request.
    @typedef {object} Sent
    @property {(bytes: number) => void} sent
    @property {(text: string, status: number) => void} answered
    @property {(failure: Failure) => void} failed */

/** Send `body`; `changed` are headers in addition to the default ones. Reports `sent(bytes)`, and at the end
    `answered(text, status)` or `failed(failure)`. Returns the request, for `abort()`.
    @type {(method: string, url: string, body: XMLHttpRequestBodyInit, changed: Record<string, string>, report: Sent) => XMLHttpRequest} */
export function sendBody(method, url, body, changed, { sent, answered, failed }) {
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries({ ...headers, ...changed })) {
    request.setRequestHeader(name, value);
  }
  request.upload.addEventListener("progress", (event) => sent(event.loaded));
  request.addEventListener("load", () => {
    const { status, responseText } = request;
    if (status >= 300) {
      failed(failure(status, responseText, request.getResponseHeader("Retry-After")));
    } else {
      answered(responseText, status);
    }
  });
  request.addEventListener("error", () => failed(failure(0, "")));
  request.send(body);
  return request;
}
