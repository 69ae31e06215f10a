/* Requests to our own server, and its problem documents turned into sentences. */

import { text } from "./texts.js";

const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

export const headers = { Accept: "application/json", "X-CSRFToken": csrfToken };

/** Return the address of the content at `path`; each name is encoded on its own. */
export function contentUrl(path) {
  return `${document.body.dataset.root}files/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** A request that did not do what it was for; `message` is fit to be shown. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Make a `Failure` of an answer; status 0 stands for no answer at all. */
export function failure(status, body) {
  if (status === 0) {
    return new Failure(status, text("offline"));
  }
  if (status === 401) {
    return new Failure(status, text("signed-out"));
  }
  try {
    return new Failure(status, JSON.parse(body).detail || text("failed"));
  } catch {
    return new Failure(status, text("failed"));
  }
}

/** Send a request without a body; raises `Failure` unless the answer is a success. */
export async function send(method, url) {
  let response;
  try {
    response = await fetch(url, { method, headers });
  } catch {
    throw failure(0, "");
  }
  if (!response.ok) {
    throw failure(response.status, await response.text());
  }
}

/** Fetch the page at `url` and return it parsed; nothing in it runs or loads. */
export async function fetchPage(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (!response.ok) {
    throw failure(response.status, "");
  }
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Send `file` to `url`. Calls `progress(bytes)` on the way, and `done(failure or null, status)` once.

    XMLHttpRequest, because fetch cannot tell how much of a body has left. Returns a function that
    gives the transfer up; `done` is not called then. */
export function put(url, file, progress, done) {
  const request = new XMLHttpRequest();
  request.open("PUT", url);
  for (const [name, value] of Object.entries(headers)) {
    request.setRequestHeader(name, value);
  }
  // Not the file's own type: a text/plain body would look like a form.
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => progress(event.loaded));
  request.addEventListener("load", () => {
    const { status } = request;
    done(status < 300 ? null : failure(status, request.responseText), status);
  });
  request.addEventListener("error", () => done(failure(0, ""), 0));
  request.send(file);
  return () => request.abort();
}
