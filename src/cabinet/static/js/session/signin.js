/* The dialog that appears when the user of this page is not signed in any more. They can sign in again without
   leaving the page, here or in another tab; running operations wait for that. Guests of a link enter its password.

   Rule: only the user of this page can continue, or files would end up in another account. */

import { byId, field, fieldsOf, part } from "../core/dom.js";
import { adoptToken, fetchAnyPage, fetchPage, request, successOf, TOKEN, tokenOf } from "../core/http.js";
import {
  absence,
  announce,
  base,
  checkSession,
  folderPage,
  isGuest,
  OTHER_USER,
  presence,
  root,
  USER_HEADER,
  username,
} from "../core/identity.js";
import { text } from "../core/texts.js";
import { bindPassword } from "../ui/passwords.js";
import { retryWhileBusy } from "../ui/retry-form.js";
import { stylesLoaded } from "../ui/styles.js";

// The page of the form, and where it is sent.
const DOOR = isGuest ? `${base}unlock` : `${root}login`;
// A minimum pause between attempts, in case the server keeps giving contradictory answers.
const MIN_PAUSE_MS = 1_000;

const dialog = byId("signin", HTMLDialogElement);
const form = part(dialog, "form", HTMLFormElement);
const error = byId("signin-error");
/** @type {(name: string) => HTMLElement} */
const piece = (name) => byId(`signin-${name}`);

// Whether the page still has to be told that its user is back.
let isAway = false;
let isRenewing = false;
let triedAt = -Infinity;
let isDismissed = false;
/** @type {Promise<void> | null} */
let waiting = null;
/** @type {(() => void) | null} */
let release = null;

/** @type {(message: string) => void} */
function showMessage(message) {
  error.hidden = !message;
  part(error, "span").textContent = message;
}

/** Show who is signed in, and the ways to continue.
    @type {(absence: { why: string | null, name: string }) => void} */
function draw({ why, name }) {
  if (isGuest) {
    piece("title").textContent = text("locked-title");
    piece("text").textContent = text("locked-text");
    piece("send").textContent = text("unlock");
    return;
  }
  const isOther = why === OTHER_USER;
  const values = { name, user: username };
  piece("title").textContent = text(isOther ? "other-user" : "sign-in-again", values);
  piece("text").textContent = text(isOther ? "other-user-text" : "sign-in-again-text", values);
  piece("send").textContent = text(isOther ? "sign-in-as" : "sign-in", values);
  piece("other").textContent = text("show-files-of", values);
  piece("other").hidden = !isOther;
  piece("later").hidden = isOther;
}

async function open() {
  await stylesLoaded;
  if (!dialog.open && isAway) {
    showMessage("");
    dialog.showModal();
  }
}

/** Adopt the session in which the user of this page is signed in now. */
async function restoreSession() {
  isRenewing = true;
  try {
    const pause = triedAt + MIN_PAUSE_MS - performance.now();
    if (pause > 0) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await renewToken();
  } catch {
    // The session has just changed, or there is no connection: wait for the next check.
    return;
  } finally {
    isRenewing = false;
    triedAt = performance.now();
  }
  isAway = false;
  isDismissed = false;
  waiting = null;
  release?.();
  dialog.close();
  presence.dispatchEvent(new Event("back"));
}

/** Open or close the dialog after a check of the session. */
function update() {
  const { why } = absence();
  if (why) {
    isAway = true;
    draw(absence());
    if (!isDismissed || why === OTHER_USER) {
      open();
    }
  } else if ((isAway || waiting) && !isRenewing) {
    restoreSession();
  }
}

/** Fetch the CSRF token of the current session, which another tab may have started. Raises `Failure` unless it
    belongs to the user of this page. */
export async function renewToken() {
  adoptToken(tokenOf(await fetchPage(folderPage(""))));
}

async function submit() {
  showMessage("");
  // A sign-in request must not name the user of the page.
  const withoutUser = { [USER_HEADER]: null };
  try {
    const token = tokenOf(await fetchAnyPage(DOOR, withoutUser));
    const body = fieldsOf(form);
    const post = () => request("POST", DOOR, body, { ...withoutUser, [TOKEN]: token });
    await successOf(retryWhileBusy(post, showMessage));
    form.reset();
    if (!isGuest) {
      announce();
    }
    await checkSession();
  } catch (failure) {
    showMessage(failure.status === 401 ? text("wrong-password") : failure.message);
    field(form, "password").focus();
  }
}

/** Open the dialog again, although it was dismissed before. */
export async function askToSignIn() {
  isDismissed = false;
  if (!(await checkSession())) {
    // Callers have just received an answer that says so.
    isAway = true;
    draw(absence());
    open();
  }
}

/** Return a promise that resolves once the user of this page is signed in again.
    @type {() => Promise<void>} */
export function whenSignedIn() {
  waiting ??= new Promise((resolve) => {
    release = resolve;
  });
  return waiting;
}

/** Return the same promise, and open the dialog.
    @type {() => Promise<void>} */
export function signedIn() {
  const isBack = whenSignedIn();
  askToSignIn();
  return isBack;
}

/** Open the dialog; resolves to whether the user signed in, false if they dismissed it.
    @type {() => Promise<boolean>} */
export function signedInNow() {
  const isBack = signedIn().then(() => true);
  const dismissed = new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(false), { once: true });
  });
  return Promise.race([isBack, dismissed]);
}

bindPassword(field(form, "password"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
piece("later").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  isDismissed = isAway;
});
presence.addEventListener("check", update);
update();
