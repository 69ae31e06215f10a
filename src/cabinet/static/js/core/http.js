/* Requests to this server, and error messages from its problem documents.

   Rule: every request names the user of the page, in a header, or in the query where no header can be sent; a guest of
   a link has no name. */

import { part, parts } from "./dom.js";
import { base, checkSession, isGuest, OTHER_USER, USER_HEADER, user } from "./identity.js";
import { text } from "./texts.js";

export const TOKEN = "X-CSRFToken";

/** Request headers that extend or override the defaults; null removes one.
    @typedef {Record<string, string | null>} HeaderOverrides */

// The problem type of an unexpected error in the server.
const UNEXPECTED_ERROR = "error";

/** @type {(page: Document) => HTMLMetaElement} */
const meta = (page) => part(page, 'meta[name="csrf-token"]', HTMLMetaElement);

/** @type {Record<string, string>} */
export const headers = {
  Accept: "application/json",
  [TOKEN]: meta(document).content,
  ...(isGuest ? {} : { [USER_HEADER]: user }),
};

export { base };

/** Return `path` percent-encoded, name by name.
    @type {(path: string) => string} */
export const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");

/** Return the address of the content at `path`.
    @type {(path: string) => string} */
export const contentUrl = (path) => `${base}files/${encoded(path)}`;

/** Return an address of this server for elements and forms, which cannot send the header.
    @type {(address: string, query?: Record<string, string>) => string} */
export const ownUrl = (address, query = {}) =>
  `${address}?${new URLSearchParams({ ...query, ...(isGuest ? {} : { user }) })}`;

/** Return the address of the content at `path` for an element that shows it.
    @type {(path: string) => string} */
export const inlineUrl = (path) => ownUrl(contentUrl(path));

/** Return the address that downloads the content at `path`; a folder is sent as an archive.
    @type {(path: string, query?: Record<string, string>) => string} */
export const downloadUrl = (path, query = {}) => ownUrl(`${base}download/${encoded(path)}`, query);

/** A failed request; `message` can be shown as it is. `type` is the server's problem type, empty if the answer came
    from elsewhere (a proxy), `retryAfter` the seconds of its Retry-After header, and `count` the server's number of
    items where the request named another. */
export class Failure extends Error {
  /** @param {number} status
      @param {string} message
      @param {{ type?: string, retryAfter?: number, count?: number | null }} [details] */
  constructor(status, message, { type = "", retryAfter = 0, count = null } = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
    this.count = count;
  }
}

/** Return the text key for an answer without a problem document: from a failing server or a proxy.
    @type {(status: number) => string} */
function defaultTextKey(status) {
  if (status === 413) {
    return "front-refused";
  }
  return status >= 500 ? "server-failed" : "refused";
}

/** Return the `Failure` for an answer; status 0 stands for no answer. If the cause is a changed session, check the
    session as well.
    @type {(status: number, body: string, retryAfter?: string | null) => Failure} */
export function failure(status, body, retryAfter = null) {
  if (status === 0) {
    return new Failure(status, text("offline"));
  }
  if (status === 401) {
    checkSession();
    return new Failure(status, text(isGuest ? "locked" : "signed-out"));
  }
  const details = { retryAfter: Number(retryAfter) || 0 };
  const unexplained = text(defaultTextKey(status), { status });
  try {
    const problem = JSON.parse(body);
    const [, type = ""] = /^\/problems\/(.+)$/.exec(problem.type) ?? [];
    if (type === OTHER_USER) {
      checkSession();
    }
    const isExplained = problem.detail && type !== UNEXPECTED_ERROR;
    return new Failure(status, isExplained ? problem.detail : unexplained, {
      ...details,
      type,
      count: problem.count,
    });
  } catch {
    return new Failure(status, unexplained, details);
  }
}

/** Send a request and return its answer, whatever its status. Raises `Failure` if there is no answer.
    @type {(method: string, url: string | URL, body?: BodyInit | null, overrides?: HeaderOverrides) => Promise<Response>} */
export function request(method, url, body, overrides = {}) {
  const sent = Object.entries({ ...headers, ...overrides }).filter(([, value]) => value !== null);
  // Chromium's cache asks for no more than the range that it has of an older content, and calls that complete.
  const cache = "Range" in overrides ? "no-store" : "default";
  return fetch(url, { method, body, cache, headers: /** @type {[string, string][]} */ (sent) }).catch(() => {
    throw failure(0, "");
  });
}

/** Return the answer that `asked` resolves to. Raises `Failure` unless it is a success.
    @type {(asked: Promise<Response>) => Promise<Response>} */
export async function successOf(asked) {
  const response = await asked;
  if (!response.ok) {
    throw failure(response.status, await response.text(), response.headers.get("Retry-After"));
  }
  return response;
}

/** Send a request and return its answer. Raises `Failure` unless it is a success.
    @type {(method: string, url: string | URL, body?: BodyInit | null, overrides?: HeaderOverrides) => Promise<Response>} */
export const send = (method, url, body, overrides = {}) => successOf(request(method, url, body, overrides));

/** Send `value` as JSON and return the JSON of the answer. Raises `Failure`.
    @type {(method: string, url: string, value: unknown) => Promise<any>} */
export async function sendJson(method, url, value) {
  const response = await send(method, url, JSON.stringify(value), { "Content-Type": "application/json" });
  return response.json();
}

/** Return the CSRF token of a fetched page.
    @type {(page: Document) => string} */
export const tokenOf = (page) => meta(page).content;

/** Use the CSRF token of another session for all forms and requests of this page from now on.
    @type {(token: string) => void} */
export function adoptToken(token) {
  headers[TOKEN] = token;
  meta(document).content = token;
  for (const field of parts(document, 'input[name="csrf_token"]', HTMLInputElement)) {
    field.value = token;
  }
}

/** Fetch the page at `url`, whoever its user is, and return it parsed; its scripts do not run. A `value` is sent
    as JSON in a POST. Raises `Failure`.
    @type {(url: string | URL, overrides?: HeaderOverrides, value?: unknown) => Promise<Document>} */
export async function fetchAnyPage(url, overrides = {}, value = null) {
  const accept = { Accept: "text/html", ...overrides };
  const response = value
    ? await send("POST", url, JSON.stringify(value), { ...accept, "Content-Type": "application/json" })
    : await send("GET", url, null, accept);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Fetch a page as `fetchAnyPage` does. Raises `Failure` with status 401 if it is for another user.
    @type {(url: string | URL, value?: unknown) => Promise<Document>} */
export async function fetchPage(url, value = null) {
  const page = await fetchAnyPage(url, {}, value);
  if ((page.body.dataset.user ?? "") !== user) {
    throw failure(401, "");
  }
  return page;
}
