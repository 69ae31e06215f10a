/* A request whose body takes a while, and tells how much of it has left: fetch cannot.

   Rule: one answer, or none; after `abort` nothing is reported. */

import { failure, headers } from "../core/http.js";

/** Send `body`; `changed` are headers besides those of every request. Reports `sent(bytes)`, and in the
    end `answered(text, status)` or `failed(failure)`. Returns what has `abort()`. */
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
