/* Requests to our own server, and its problem documents turned into sentences. */

import { text } from "./texts.js";

const TOKEN = "X-CSRFToken";

const meta = (root) => root.querySelector('meta[name="csrf-token"]');

export const headers = { Accept: "application/json", [TOKEN]: meta(document).content };

export const root = document.body.dataset.root;

/** Return `path` as a part of an address; each name is encoded on its own. */
export const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");

/** Return the address of the content at `path`. */
export const contentUrl = (path) => `${root}files/${encoded(path)}`;

/** Return the address that gives the content at `path` to be saved; a folder comes as an archive. */
export const downloadUrl = (path) => `${root}download/${encoded(path)}`;

/** A request that did not do what it was for; `message` is fit to be shown. `type` is the server's
    word for it, `retryAfter` the seconds that it asks to wait, and `count` how many there are, where it
    expected others. */
export class Failure extends Error {
  constructor(status, message, { type = "", retryAfter = 0, count = null } = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
    this.count = count;
  }
}

/** Make a `Failure` of an answer; status 0 stands for no answer at all. */
export function failure(status, body, retryAfter = null) {
  if (status === 0) {
    return new Failure(status, text("offline"));
  }
  if (status === 401) {
    return new Failure(status, text("signed-out"));
  }
  const told = { retryAfter: Number(retryAfter) || 0 };
  try {
    const problem = JSON.parse(body);
    const type = (problem.type ?? "").replace("/problems/", "");
    return new Failure(status, problem.detail || text("failed"), { ...told, type, count: problem.count });
  } catch {
    return new Failure(status, text("failed"), told);
  }
}

/** Send a request and return its answer; raises `Failure` unless that is a success. */
export async function send(method, url, body, changed = {}) {
  const response = await fetch(url, { method, body, headers: { ...headers, ...changed } }).catch(() => {
    throw failure(0, "");
  });
  if (!response.ok) {
    throw failure(response.status, await response.text(), response.headers.get("Retry-After"));
  }
  return response;
}

/** Send `value` as JSON and return the JSON that comes back; raises `Failure`. */
export async function exchange(method, url, value) {
  const response = await send(method, url, JSON.stringify(value), { "Content-Type": "application/json" });
  return response.json();
}

/** Return the token that forms of a page, as it was fetched, are posted with. */
export const tokenOf = (page) => meta(page).content;

/** Post this page's forms with the token of another session from now on. */
export function adoptToken(token) {
  headers[TOKEN] = token;
  meta(document).content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) {
    field.value = token;
  }
}

/** Fetch the page at `url` and return it parsed; nothing in it runs or loads. Raises `Failure`. */
export async function fetchPage(url) {
  const response = await send("GET", url, null, { Accept: "text/html" });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
