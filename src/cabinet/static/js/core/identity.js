/* Whose page this is, and whether it is still that user who is signed in.

   All tabs of a browser share one session: in another one somebody may have signed out by now, and
   somebody else in. Each page tells the others whom it was made for. One that hears of somebody else asks
   the server, and so does one that comes to the front, or on which a picture or a film fails, for those
   keep to themselves why.

   Rule: part of every first view, so it is little and shows nothing; what is said is in session/signin.js. */

const { root = "", user = "", username = "" } = document.body.dataset;

/** Where the server begins in an address, and who this page was made for: the public id and the name, both
    empty on a page for everybody. */
export { root, user, username };

/** The header that says so with every request. */
export const USER_HEADER = "X-Cabinet-User";

/** Why the user of this page is away: nobody is signed in (a 401), or somebody else (the server's word). */
export const SIGNED_OUT = "signed-out";
export const OTHER_USER = "other-user";
export const AWAY = new Set([SIGNED_OUT, OTHER_USER]);

/** What the server says of a form with the token of a session that is over. */
export const OTHER_SESSION = "cross-site-request";

/** Tell whether a request failed because of who is signed in.
    @type {(failure: { status?: number, type?: string }) => boolean} */
export const isAway = ({ status, type }) => status === 401 || type === OTHER_USER;

// An answer is as good as new for so long.
const FRESH_MS = 2_000;
const HAVE_CONTENT = "img, video, audio";

/** Says "look" after each answer of the server, and "back" once the user of this page is here again, and
    everything on it works. */
export const presence = new EventTarget();

/** @type {{ why: string | null, name: string }} */
let found = { why: null, name: "" };
let lookedAt = performance.now();
/** @type {Promise<boolean> | null} */
let running = null;
/** @type {Promise<boolean> | null} */
let next = null;

/** Return why the user of this page is away (null while they are here), and the `name` of who is here instead. */
export const absence = () => found;

/** @type {() => Promise<unknown>} */
let explain = async () => {};

/** Let `load` load what says why the user of this page is away. It is called each time that they are found
    to be; once it is there, that hears of each look by itself.
    @type {(load: () => Promise<unknown>) => void} */
export function explainBy(load) {
  explain = load;
}

/** @type {() => Promise<{ why: string | null, name: string }>} */
async function ask() {
  lookedAt = performance.now();
  const response = await fetch(`${root}me`, { headers: { Accept: "application/json", [USER_HEADER]: user } });
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
    // No answer, or one about something else: what was known before holds.
    return false;
  } finally {
    running = null;
  }
  presence.dispatchEvent(new Event("look"));
  if (found.why) {
    await explain().catch(() => {});
  }
  return true;
}

/** Ask the server who is signed in; resolves to whether it could be asked. What is under way already may
    have been answered before, so then it is asked once more.
    @type {() => Promise<boolean>} */
export function look() {
  if (running) {
    next ??= running.then(() => {
      next = null;
      return look();
    });
    return next;
  }
  running = askOnce();
  return running;
}

function lookSoon() {
  if (performance.now() - lookedAt > FRESH_MS) {
    look();
  }
}

/** Look, for somebody comes to this page: where its user was away, at any rate. */
function greet() {
  if (found.why) {
    look();
  } else {
    lookSoon();
  }
}

const channel = new BroadcastChannel(`cabinet ${root}`);

/** Tell the other pages whom this one is made for: who is signed in, as far as is known here. */
export const announce = () => channel.postMessage(user);

// Who the others were last heard to be made for: of each page that somebody turns to, there is a message.
let heard = user;

if (user) {
  channel.addEventListener("message", ({ data }) => {
    const contradicts = (data === user) === Boolean(found.why);
    if (data !== heard || contradicts) {
      heard = data;
      look();
    }
  });
  window.addEventListener("focus", greet);
  document.addEventListener("visibilitychange", () => document.hidden || greet());
  window.addEventListener("pageshow", ({ persisted }) => persisted && look());
  document.addEventListener(
    "error",
    ({ target }) => target instanceof Element && target.matches(HAVE_CONTENT) && lookSoon(),
    true,
  );
}
announce();
