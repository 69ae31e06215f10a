/* The Share dialog: what some entries are shared with, and new links to them.

   It shows a part of the pages that do the same without scripts, and sends their forms.

   Rule: makes no markup; what may be shared how is known to the server alone. */

import { around, byId, fieldsOf, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { failure, request, successOf } from "../core/http.js";
import { root, user } from "../core/identity.js";
import { countText, text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { refresh, rowOf } from "../list/list.js";
import { focusable } from "../list/rows.js";
import { withSession } from "../session/with-session.js";
import { bindLinkForms } from "../ui/link-forms.js";
import { bindPassword } from "../ui/passwords.js";
import { stylesLoaded } from "../ui/styles.js";
import { notify, warn } from "../ui/toasts.js";
import { copyLater } from "./links.js";

/** @import { Entries } from "../list/selection.js" */

// The server's limit for one link.
const MOST = 1000;

const dialog = byId("share", HTMLDialogElement);
const place = byId("share-place");
/** What had the focus before, and the first entry, whose row may be drawn anew meanwhile.
    @type {{ opener: Element | null, path: string }} */
let origin = { opener: null, path: "" };
// Number of pages that the dialog asked for: an answer may arrive when it shows another.
let asked = 0;

/** Return the address of the link that a page shows, null if there is none.
    @type {(page: ParentNode) => HTMLElement | null} */
const addressIn = (page) => page.querySelector('#share-content [id^="address-"]');

/** Fetch a page; a form that was refused is one, too. Raises `Failure`.
    @type {(url: string, fields: URLSearchParams | null) => Promise<Document>} */
async function fetchOnce(url, fields) {
  const response = await request(fields ? "POST" : "GET", url, fields, { Accept: "text/html" });
  const answer = await response.text();
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) {
    throw failure(response.status, answer, response.headers.get("Retry-After"));
  }
  const page = new DOMParser().parseFromString(answer, "text/html");
  if (page.body.dataset.user !== user) {
    throw failure(401, "");
  }
  return page;
}

/** Show the part of `page` that belongs into the dialog, and its messages; a page without one ends the dialog.
    @type {(page: Document) => void} */
function show(page) {
  for (const message of parts(page, ".notices .notice p")) {
    notify(message.textContent ?? "");
  }
  const content = page.getElementById("share-content");
  if (!content) {
    dialog.close();
    return;
  }
  byId("share-title").textContent = content.dataset.title ?? "";
  place.replaceChildren(content);
  bindLinkForms(place);
  showTimes(place);
  parts(place, 'input[type="password"]', HTMLInputElement).forEach(bindPassword);
  const first = place.querySelector('[aria-invalid="true"], [data-copies] .btn-primary, [data-copy]');
  const target = first?.checkVisibility() ? first : place.querySelector("a, button, summary");
  // A long dialog begins at its top, except where an error is.
  const preventScroll = !first?.hasAttribute("aria-invalid");
  (target instanceof HTMLElement ? target : dialog).focus({ preventScroll });
}

/** Show the answer to a request; resolves to its page, null if the dialog shows another by then. Raises `Failure`.
    @type {(answer: Promise<Document>) => Promise<Document | null>} */
async function showAnswer(answer) {
  asked += 1;
  const own = asked;
  place.setAttribute("aria-busy", "true");
  place.inert = true;
  try {
    const page = await answer;
    if (own !== asked) {
      return null;
    }
    place.inert = false;
    show(page);
    return page;
  } finally {
    if (own === asked) {
      place.inert = false;
      place.removeAttribute("aria-busy");
    }
  }
}

/** @type {(url: string, fields?: URLSearchParams | null) => Promise<Document>} */
const ask = (url, fields = null) => withSession(() => fetchOnce(url, fields));

/** Send a form. One that makes a link also copies its address; without access to the clipboard it is selected.
    @type {(form: HTMLFormElement) => Promise<void>} */
async function submit(form) {
  const answer = ask(form.action, fieldsOf(form));
  // The signs of shared entries in the list may be others now.
  answer.then(() => refresh()).catch(() => {});
  if (!("copies" in form.dataset)) {
    await showAnswer(answer);
    return;
  }
  const isCopied = copyLater(answer.then((page) => addressIn(page)?.textContent ?? ""));
  const page = await showAnswer(answer);
  const address = page && addressIn(place);
  if (address && "made" in part(place, "#share-content").dataset) {
    const isDone = await isCopied;
    if (!isDone) {
      getSelection()?.selectAllChildren(address);
    }
    notify(text(isDone ? "link-copied" : "copy-by-hand"));
  }
}

/** @type {(done: Promise<unknown>) => void} */
function orWarn(done) {
  done.catch((error) => warn(error.message));
}

/** Suggest names that begin like that in a field; without an answer none are.
    @type {(field: HTMLInputElement, list: HTMLElement) => Promise<void>} */
async function complete(field, list) {
  const { value } = field;
  const query = new URLSearchParams({ q: value });
  const response = await successOf(request("GET", `${root}users?${query}`, null));
  const { users } = await response.json();
  if (field.value === value) {
    list.replaceChildren(
      ...users.map((/** @type {{ username: string }} */ { username }) => new Option(username)),
    );
  }
}

/** Open the dialog about `entries`.
    @type {(entries: Entries) => Promise<void>} */
export async function share(entries) {
  if (entries.everything || entries.length > MOST) {
    warn(text("too-many-to-share", { count: number(MOST) }));
    return;
  }
  const [{ name, path, row }] = entries;
  const glyph = row?.querySelector(".glyph")?.cloneNode();
  const isOne = entries.length === 1;
  byId("share-sign").replaceChildren(...(isOne && glyph ? [glyph] : []));
  const count = number(entries.length);
  byId("share-title").textContent = isOne
    ? text("share-one", { name })
    : countText("share-many", entries.length, { count });
  place.replaceChildren();
  await stylesLoaded;
  origin = { opener: document.activeElement, path };
  dialog.showModal();
  const paths = new URLSearchParams(entries.map(({ path }) => ["path", path]));
  try {
    // The address of a long selection would be too long.
    await showAnswer(isOne ? ask(`${root}share?${paths}`) : ask(`${root}share`, paths));
  } catch (error) {
    dialog.close();
    throw error;
  }
}

dialog.addEventListener("submit", (event) => {
  if (event.target instanceof HTMLFormElement && place.contains(event.target)) {
    event.preventDefault();
    orWarn(submit(event.target));
  }
});
dialog.addEventListener("click", (event) => {
  const link = around(event, "[data-shares]", HTMLAnchorElement);
  if (link) {
    event.preventDefault();
    orWarn(showAnswer(ask(link.href)));
  }
});
dialog.addEventListener("input", (event) => {
  const field = around(event, "[data-completes]", HTMLInputElement);
  if (field?.list) {
    complete(field, field.list).catch(() => {});
  }
});
byId("share-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  asked += 1;
  place.replaceChildren();
  if (!origin.opener?.isConnected) {
    focusable(rowOf(origin.path))?.focus();
  }
});
