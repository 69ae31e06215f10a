/* The user of this page, and whether they are still signed in. On the page of a link nobody is: there it is about
   whether its guest still gets in.

   All tabs of a browser share one session: the user may have signed out in another tab, or another user may have
   signed in. Each page broadcasts its user to the others. A page asks the server when it hears of another user,
   when it gets the focus, and when media fails to load, because media elements report no status.

   Rule: part of every first view, so it is small and shows nothing; session/signin.js shows the messages. */

const { root = "", base = root, user = "", username = "" } = document.body.dataset;

/** The URL prefix of the server, that of the files which this page shows (a link's own on its pages), and the user of
    this page: public id and name, both empty on a public page. */
export { base, root, user, username };

/** Whether this is a page of a link. */
export const isGuest = base !== root;

/** Return the address of the page of a folder.
    @type {(path: string) => string} */
export function folderPage(path) {
  const page = isGuest ? base.replace(/\/$/, "") : `${root}index`;
  return path ? `${page}?${new URLSearchParams({ path })}` : page;
}

/** The request header that names the user of the page. */
export const USER_HEADER = "X-Cabinet-User";

/** Why the user of this page is away: signed out (401), a guest locked out (likewise), or another user is signed in
    (the server's problem type). */
export const SIGNED_OUT = isGuest ? "locked" : "signed-out";
export const OTHER_USER = "other-user";
export const AWAY = new Set([SIGNED_OUT, OTHER_USER]);

/** The server's problem type for a form with the CSRF token of another session. */
export const OTHER_SESSION = "cross-site-request";

/** Return whether a request failed because the user is not signed in any more.
    @type {(failure: { status?: number, type?: string }) => boolean} */
export const isAway = ({ status, type }) => status === 401 || type === OTHER_USER;

// No new check within this time after the last one.
const MIN_INTERVAL_MS = 2_000;
const MEDIA = "img, video, audio";

/** Fires "check" after each answer of the server, and "back" once the user of this page is signed in again and the
    page has a valid token. */
export const presence = new EventTarget();

/** @type {{ why: string | null, name: string }} */
let found = { why: null, name: "" };
let checkedAt = performance.now();
/** @type {Promise<boolean> | null} */
let running = null;
/** @type {Promise<boolean> | null} */
let next = null;

/** Return why the user of this page is away (null if they are not), and the `name` of the user signed in instead. */
export const absence = () => found;

/** @type {() => Promise<unknown>} */
let handleAbsence = async () => {};

/** Set the function that loads the sign-in messages. It is called whenever the user turns out to be away; once
    loaded, the module listens to `presence` itself.
    @type {(load: () => Promise<unknown>) => void} */
export function onAbsence(load) {
  handleAbsence = load;
}

/** @type {() => Promise<{ why: string | null, name: string }>} */
async function ask() {
  checkedAt = performance.now();
  const headers = { Accept: "application/json", ...(isGuest ? {} : { [USER_HEADER]: user }) };
  const response = await fetch(`${base}me`, { headers });
  if (response.ok) {
    return { why: null, name: "" };
  }
  if (response.status === 401) {
    return { why: SIGNED_OUT, name: "" };
  }
  const { type, username: name } = await response.json();
  if (type !== `/problems/${OTHER_USER}`) {
    throw new TypeError(type);
  }
  return { why: OTHER_USER, name };
}

async function askOnce() {
  try {
    found = await ask();
  } catch {
    // No answer, or an unrelated one: keep the last known state.
    return false;
  } finally {
    running = null;
  }
  presence.dispatchEvent(new Event("check"));
  if (found.why) {
    await handleAbsence().catch(() => {});
  }
  return true;
}

/** Ask the server who is signed in; resolves to whether it answered. A check that is already running may be
    outdated, so another one follows it.
    @type {() => Promise<boolean>} */
export function checkSession() {
  if (running) {
    next ??= running.then(() => {
      next = null;
      return checkSession();
    });
    return next;
  }
  running = askOnce();
  return running;
}

function checkSoon() {
  if (performance.now() - checkedAt > MIN_INTERVAL_MS) {
    checkSession();
  }
}

/** Check the session when the page is shown again: always if the user was away. */
function checkOnReturn() {
  if (found.why) {
    checkSession();
  } else {
    checkSoon();
  }
}

const channel = new BroadcastChannel(`cabinet ${root}`);

/** Broadcast the user of this page to the other tabs. */
export const announce = () => channel.postMessage(user);

// The user that was broadcast last: each page that gets the focus sends one message.
let lastUser = user;

if (user) {
  channel.addEventListener("message", ({ data }) => {
    const contradicts = (data === user) === Boolean(found.why);
    if (data !== lastUser || contradicts) {
      lastUser = data;
      checkSession();
    }
  });
  window.addEventListener("focus", checkOnReturn);
  document.addEventListener("visibilitychange", () => document.hidden || checkOnReturn());
  window.addEventListener("pageshow", ({ persisted }) => persisted && checkSession());
  document.addEventListener(
    "error",
    ({ target }) => target instanceof Element && target.matches(MEDIA) && checkSoon(),
    true,
  );
}
if (!isGuest) {
  announce();
}
