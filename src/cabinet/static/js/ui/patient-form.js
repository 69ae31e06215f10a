/* Forms to sign in and to register, sent again by themselves while the server is busy.

   Rule: a form is taken over only as far as needed for that; what is answered shows as it would without. */

import { byId, fieldsOf, part } from "../core/dom.js";
import { text } from "../core/texts.js";

const BUSY = 503;
const TRIES = 5;

/** @type {(seconds: number) => Promise<void>} */
const after = (seconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });

/** Return the answer that `ask()` resolves to; while the server is busy, `tell` so and ask again when it says.
    @type {(ask: () => Promise<Response>, tell: (words: string) => void) => Promise<Response>} */
export async function whileBusy(ask, tell) {
  for (let tries = 1; ; tries += 1) {
    const response = await ask();
    if (response.status !== BUSY || tries === TRIES) {
      return response;
    }
    tell(text("busy"));
    await after(Number(response.headers.get("Retry-After") ?? 1));
  }
}

/** @type {(form: HTMLFormElement, status: HTMLElement) => Promise<Response>} */
function post(form, status) {
  const body = fieldsOf(form);
  const ask = () => fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  return whileBusy(ask, (words) => {
    status.textContent = words;
  });
}

/** Show the page that answers a form in place of this one.
    @type {(response: Response) => Promise<void>} */
async function show(response) {
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  byId("main").replaceWith(document.importNode(part(fresh, "#main"), true));
  document.title = fresh.title;
}

/** Go where the answer of a form leads.
    @type {(response: Response) => void} */
function goOn({ url, headers, body }) {
  const { pathname, search } = new URL(url);
  if (headers.get("Content-Disposition")?.startsWith("attachment")) {
    // What is saved leaves the form on the page: there is another one for it.
    body?.cancel();
    const { root } = document.body.dataset;
    location.assign(`${root}index/download?${new URLSearchParams({ of: pathname + search })}`);
    return;
  }
  // What an address says behind its "#" is not sent, but goes with whoever has to sign in first.
  location.assign(url + location.hash);
}

/** Send `form`, which takes nothing meanwhile; `rebind()` looks after the fields of a page that came back.
    @type {(form: HTMLFormElement, rebind: () => void) => Promise<void>} */
export async function send(form, rebind) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  form.append(status);
  try {
    const response = await post(form, status);
    // What a page says once, it has said by now: one that leads back to itself is shown as it came.
    if (response.redirected && new URL(response.url).pathname !== location.pathname) {
      goOn(response);
      return;
    }
    await show(response);
    rebind();
  } catch {
    // No answer: the browser's own page says so best.
    form.inert = false;
    form.submit();
  }
}
