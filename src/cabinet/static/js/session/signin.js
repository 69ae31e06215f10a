/* Says that the user of this page is not who is signed in, and lets them sign in again without leaving the
   page, here or in another tab, while what is under way waits for it.

   Rule: only the user whose page this is counts, or files would end up with somebody else. */

import { byId, field, fieldsOf, part } from "../core/dom.js";
import { adoptToken, ask, fetchAnyPage, fetchPage, root, successOf, TOKEN, tokenOf } from "../core/http.js";
import { absence, announce, look, OTHER_USER, presence, USER_HEADER, username } from "../core/identity.js";
import { text } from "../core/texts.js";
import { bindPassword } from "../ui/passwords.js";
import { whileBusy } from "../ui/patient-form.js";
import { styled } from "../ui/styles.js";

// Nobody comes and goes faster; should a server say the one thing here and another there, it is not asked
// without a pause.
const APART_MS = 1_000;

const dialog = byId("signin", HTMLDialogElement);
const form = part(dialog, "form", HTMLFormElement);
const error = byId("signin-error");
/** @type {(name: string) => HTMLElement} */
const piece = (name) => byId(`signin-${name}`);

// Whether the page is to be told that its user is back.
let isAway = false;
let isRenewing = false;
let triedAt = -Infinity;
let isPutAside = false;
/** @type {Promise<void> | null} */
let waiting = null;
/** @type {(() => void) | null} */
let release = null;

/** @type {(message: string) => void} */
function explain(message) {
  error.hidden = !message;
  part(error, "span").textContent = message;
}

/** Say who is signed in, and which ways there are to go on.
    @type {(absence: { why: string | null, name: string }) => void} */
function draw({ why, name }) {
  const isOther = why === OTHER_USER;
  const told = { name, user: username };
  piece("title").textContent = text(isOther ? "other-user" : "sign-in-again", told);
  piece("text").textContent = text(isOther ? "other-user-text" : "sign-in-again-text", told);
  piece("send").textContent = text(isOther ? "sign-in-as" : "sign-in", told);
  piece("other").textContent = text("show-files-of", told);
  piece("other").hidden = !isOther;
  piece("later").hidden = isOther;
}

async function open() {
  await styled;
  if (!dialog.open && isAway) {
    explain("");
    dialog.showModal();
  }
}

/** Take up the session in which the user of this page is signed in now. */
async function comeBack() {
  isRenewing = true;
  try {
    const pause = triedAt + APART_MS - performance.now();
    if (pause > 0) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await renewToken();
  } catch {
    // Somebody signed in or out just now, or there is no line: the next look tells.
    return;
  } finally {
    isRenewing = false;
    triedAt = performance.now();
  }
  isAway = false;
  isPutAside = false;
  waiting = null;
  release?.();
  dialog.close();
  presence.dispatchEvent(new Event("back"));
}

/** Do what the answer of the server asks for. */
function attend() {
  const { why } = absence();
  if (why) {
    isAway = true;
    draw(absence());
    if (!isPutAside || why === OTHER_USER) {
      open();
    }
  } else if ((isAway || waiting) && !isRenewing) {
    comeBack();
  }
}

/** Post with the token of the session of now, another tab may have begun it. Raises `Failure` unless it is
    one of the user of this page. */
export async function renewToken() {
  adoptToken(tokenOf(await fetchPage(`${root}index`)));
}

async function submit() {
  explain("");
  // Who becomes somebody here is not asked who they were.
  const anybody = { [USER_HEADER]: null };
  try {
    const token = tokenOf(await fetchAnyPage(`${root}login`, anybody));
    const body = fieldsOf(form);
    const post = () => ask("POST", `${root}login`, body, { ...anybody, [TOKEN]: token });
    await successOf(whileBusy(post, explain));
    form.reset();
    announce();
    await look();
  } catch (failure) {
    explain(failure.status === 401 ? text("wrong-password") : failure.message);
    field(form, "password").focus();
  }
}

/** Ask who is there, though it was put aside before. */
export async function askToSignIn() {
  isPutAside = false;
  if (!(await look())) {
    // There was an answer a moment ago, or nobody would ask.
    isAway = true;
    draw(absence());
    open();
  }
}

/** Return a promise that is kept once the user of this page is signed in again.
    @type {() => Promise<void>} */
export function back() {
  waiting ??= new Promise((resolve) => {
    release = resolve;
  });
  return waiting;
}

/** Return the same, and ask for it.
    @type {() => Promise<void>} */
export function signedIn() {
  const isBack = back();
  askToSignIn();
  return isBack;
}

/** Ask as `signedIn` does; resolves to whether it happened, false once the question was put aside.
    @type {() => Promise<boolean>} */
export function signedInNow() {
  const isBack = signedIn().then(() => true);
  const aside = new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(false), { once: true });
  });
  return Promise.race([isBack, aside]);
}

bindPassword(field(form, "password"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
piece("later").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  isPutAside = isAway;
});
presence.addEventListener("look", attend);
attend();
