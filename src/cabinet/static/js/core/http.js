/* Requests to our own server, and its problem documents turned into sentences.

   Rule: each says whose page it is of, by a header, and where none can be sent by its address. */

import { part, parts } from "./dom.js";
import { look, OTHER_USER, root, USER_HEADER, user } from "./identity.js";
import { text } from "./texts.js";

export const TOKEN = "X-CSRFToken";

/** Headers that are sent besides the usual ones, or in place of them, or with null not at all.
    @typedef {Record<string, string | null>} Changed */

// The server's word for what it did not foresee itself.
const UNFORESEEN = "error";

/** @type {(page: Document) => HTMLMetaElement} */
const meta = (page) => part(page, 'meta[name="csrf-token"]', HTMLMetaElement);

/** @type {Record<string, string>} */
export const headers = { Accept: "application/json", [TOKEN]: meta(document).content, [USER_HEADER]: user };

export { root };

/** Return `path` as a part of an address; each name is encoded on its own.
    @type {(path: string) => string} */
export const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");

/** Return the address of the content at `path`, for requests and for people.
    @type {(path: string) => string} */
export const contentUrl = (path) => `${root}files/${encoded(path)}`;

/** Return an address of this server for an element or a form, which sends no header.
    @type {(address: string, query?: Record<string, string>) => string} */
export const ownUrl = (address, query = {}) => `${address}?${new URLSearchParams({ ...query, user })}`;

/** Return the address of the content at `path` for an element that shows it.
    @type {(path: string) => string} */
export const shownUrl = (path) => ownUrl(contentUrl(path));

/** Return the address that gives the content at `path` to be saved; a folder comes as an archive.
    @type {(path: string, query?: Record<string, string>) => string} */
export const downloadUrl = (path, query = {}) => ownUrl(`${root}download/${encoded(path)}`, query);

/** A request that did not do what it was for; `message` is fit to be shown. `type` is the server's
    word for it, empty where somebody else has answered, `retryAfter` the seconds that it asks to wait, and
    `count` how many there are, where it expected others. */
export class Failure extends Error {
  /** @param {number} status
      @param {string} message
      @param {{ type?: string, retryAfter?: number, count?: number | null }} [told] */
  constructor(status, message, { type = "", retryAfter = 0, count = null } = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
    this.count = count;
  }
}

/** Return which text is for an answer that says nothing: a server that failed, or somebody in front of it.
    @type {(status: number) => string} */
function unexplainedAs(status) {
  if (status === 413) {
    return "front-refused";
  }
  return status >= 500 ? "server-failed" : "refused";
}

/** Make a `Failure` of an answer; status 0 stands for no answer at all. Where it is because of who is signed
    in, whoever asked hears of it, and so does the page.
    @type {(status: number, body: string, retryAfter?: string | null) => Failure} */
export function failure(status, body, retryAfter = null) {
  if (status === 0) {
    return new Failure(status, text("offline"));
  }
  if (status === 401) {
    look();
    return new Failure(status, text("signed-out"));
  }
  const told = { retryAfter: Number(retryAfter) || 0 };
  const unexplained = text(unexplainedAs(status), { status });
  try {
    const problem = JSON.parse(body);
    const [, type = ""] = /^\/problems\/(.+)$/.exec(problem.type) ?? [];
    if (type === OTHER_USER) {
      look();
    }
    const isExplained = problem.detail && type !== UNFORESEEN;
    return new Failure(status, isExplained ? problem.detail : unexplained, {
      ...told,
      type,
      count: problem.count,
    });
  } catch {
    return new Failure(status, unexplained, told);
  }
}

/** Send a request and return its answer, whatever that is; a header that is `changed` to null is left out.
    Raises `Failure` where there is none.
    @type {(method: string, url: string | URL, body?: BodyInit | null, changed?: Changed) => Promise<Response>} */
export function ask(method, url, body, changed = {}) {
  const sent = Object.entries({ ...headers, ...changed }).filter(([, value]) => value !== null);
  return fetch(url, { method, body, headers: /** @type {[string, string][]} */ (sent) }).catch(() => {
    throw failure(0, "");
  });
}

/** Return the answer that `asked` resolves to; raises `Failure` unless it is a success.
    @type {(asked: Promise<Response>) => Promise<Response>} */
export async function successOf(asked) {
  const response = await asked;
  if (!response.ok) {
    throw failure(response.status, await response.text(), response.headers.get("Retry-After"));
  }
  return response;
}

/** Send a request as `ask` does and return its answer; raises `Failure` unless it is a success.
    @type {(method: string, url: string | URL, body?: BodyInit | null, changed?: Changed) => Promise<Response>} */
export const send = (method, url, body, changed = {}) => successOf(ask(method, url, body, changed));

/** Send `value` as JSON and return the JSON that comes back; raises `Failure`.
    @type {(method: string, url: string, value: unknown) => Promise<any>} */
export async function exchange(method, url, value) {
  const response = await send(method, url, JSON.stringify(value), { "Content-Type": "application/json" });
  return response.json();
}

/** Return the token that forms of a page, as it was fetched, are posted with.
    @type {(page: Document) => string} */
export const tokenOf = (page) => meta(page).content;

/** Post this page's forms with the token of another session from now on.
    @type {(token: string) => void} */
export function adoptToken(token) {
  headers[TOKEN] = token;
  meta(document).content = token;
  for (const field of parts(document, 'input[name="csrf_token"]', HTMLInputElement)) {
    field.value = token;
  }
}

/** Fetch the page at `url`, whoever it is made for, and return it parsed; nothing in it runs or loads. `value`,
    if there is one, is sent to it as JSON. Raises `Failure`.
    @type {(url: string | URL, changed?: Changed, value?: unknown) => Promise<Document>} */
export async function fetchAnyPage(url, changed = {}, value = null) {
  const accept = { Accept: "text/html", ...changed };
  const response = value
    ? await send("POST", url, JSON.stringify(value), { ...accept, "Content-Type": "application/json" })
    : await send("GET", url, null, accept);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Fetch as `fetchAnyPage` does, and take nothing but a page that is made for the user of this one.
    @type {(url: string | URL, value?: unknown) => Promise<Document>} */
export async function fetchPage(url, value = null) {
  const page = await fetchAnyPage(url, {}, value);
  if (page.body.dataset.user !== user) {
    throw failure(401, "");
  }
  return page;
}
