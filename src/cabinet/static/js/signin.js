/* Signing in again without leaving the page, here or in another tab, while uploads wait for it.

   Rule: only the user whose page this is counts, or files would end up with somebody else. */

import { adoptToken, fetchPage, root, send, tokenOf } from "./http.js";
import { bindPassword } from "./passwords.js";
import { text } from "./texts.js";

const dialog = document.getElementById("signin");
const error = document.getElementById("signin-error");
const form = dialog.querySelector("form");
const { user } = document.getElementById("main").dataset;

let waiting = null;
let resolveWaiting = null;

function explain(message) {
  error.hidden = !message;
  error.querySelector("span").textContent = message;
}

/** Tell whether this browser is signed in as the user of this page; somebody else is told of. */
async function isBack() {
  const response = await send("GET", `${root}me`);
  const { username } = await response.json();
  if (username !== user) {
    explain(text("signed-in-otherwise", { name: username, user }));
  }
  return username === user;
}

/** Post with the token of the session of now, another tab may have begun it; tells whether it is that of the
    user of this page. Raises `Failure`. */
export async function renewToken() {
  const isOurs = await isBack();
  if (isOurs) {
    adoptToken(tokenOf(await fetchPage(`${root}index`)));
  }
  return isOurs;
}

async function look() {
  if (waiting && (await renewToken().catch(() => false))) {
    waiting = null;
    dialog.close();
    resolveWaiting?.();
  }
}

async function submit() {
  explain("");
  try {
    const token = tokenOf(await fetchPage(`${root}login`));
    await send("POST", `${root}login`, new URLSearchParams(new FormData(form)), { "X-CSRFToken": token });
    form.reset();
    await look();
  } catch (failure) {
    explain(failure.status === 401 ? text("wrong-password") : failure.message);
    form.elements.password.focus();
  }
}

/** Return a promise that is kept once the user of this page is signed in again; asks for it. */
export function signedIn() {
  if (!waiting) {
    waiting = new Promise((resolve) => {
      resolveWaiting = resolve;
    });
    askToSignIn();
  }
  return waiting;
}

export function askToSignIn() {
  if (!dialog.open) {
    explain("");
    dialog.showModal();
  }
}

/** Ask as `signedIn` does; resolves to whether it happened, false once the question was put aside. */
export function signedInNow() {
  const back = signedIn().then(() => true);
  askToSignIn();
  const aside = new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(false), { once: true });
  });
  return Promise.race([back, aside]);
}

let isBound = false;

export function bindSignIn() {
  if (isBound) {
    return;
  }
  isBound = true;
  bindPassword(form.elements.password);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  document.getElementById("signin-later").addEventListener("click", () => dialog.close());
  // Whoever comes back from another tab may have signed in there.
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
}
