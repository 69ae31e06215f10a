/* Sign-in and registration forms that are retried while the server is busy.

   Rule: changes nothing else; the answer is shown as it would be without scripts. */

import { byId, fieldsOf, part } from "../core/dom.js";
import { text } from "../core/texts.js";

const BUSY = 503;
const MAX_ATTEMPTS = 5;

/** @type {(seconds: number) => Promise<void>} */
const delay = (seconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });

/** Return the answer that `request()` resolves to; while the server is busy, call `report` and retry after
    its Retry-After.
    @type {(request: () => Promise<Response>, report: (message: string) => void) => Promise<Response>} */
export async function retryWhileBusy(request, report) {
  for (let tries = 1; ; tries += 1) {
    const response = await request();
    if (response.status !== BUSY || tries === MAX_ATTEMPTS) {
      return response;
    }
    report(text("busy"));
    await delay(Number(response.headers.get("Retry-After") ?? 1));
  }
}

/** @type {(form: HTMLFormElement, status: HTMLElement) => Promise<Response>} */
function post(form, status) {
  const body = fieldsOf(form);
  const request = () => fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  return retryWhileBusy(request, (message) => {
    status.textContent = message;
  });
}

/** Replace this page by the one in the response.
    @type {(response: Response) => Promise<void>} */
async function show(response) {
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  byId("main").replaceWith(document.importNode(part(fresh, "#main"), true));
  document.title = fresh.title;
}

/** Follow the response of a form.
    @type {(response: Response) => void} */
function follow({ url, headers, body }) {
  const { pathname, search } = new URL(url);
  if (headers.get("Content-Disposition")?.startsWith("attachment")) {
    // A download would leave the form on the page, so the download page is opened instead.
    body?.cancel();
    const { root } = document.body.dataset;
    location.assign(`${root}index/download?${new URLSearchParams({ of: pathname + search })}`);
    return;
  }
  // The fragment is not sent to the server, so it is carried over to the sign-in page.
  location.assign(url + location.hash);
}

/** Send `form` and disable it meanwhile; `rebind()` binds the fields of a page that came back.
    @type {(form: HTMLFormElement, rebind: () => void) => Promise<void>} */
export async function send(form, rebind) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  form.append(status);
  try {
    const response = await post(form, status);
    // A flash message is shown only once, so a redirect to this page is shown from the response.
    if (response.redirected && new URL(response.url).pathname !== location.pathname) {
      follow(response);
      return;
    }
    await show(response);
    rebind();
  } catch {
    // No answer: let the browser show its own error page.
    form.inert = false;
    form.submit();
  }
}
