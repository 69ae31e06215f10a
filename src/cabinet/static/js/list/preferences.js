/* The view and the order of lists that the user of this page prefers, in a cookie of theirs: so the server
   renders the next page that way at once (web/listing/remembered.py reads it).

   Rule: reads and writes the cookie, nothing else. */

import { isGuest, root, user } from "../core/identity.js";

const YEAR_SECONDS = 31_536_000;
const NAME = `lists-${isGuest ? "guest" : user}`;

/** Return the preferences as they are now; another tab may have changed them. */
export function preferences() {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${NAME}=`));
  return new URLSearchParams(found?.slice(NAME.length + 1).replace(/^"|"$/g, ""));
}

/** Save those of "view", "sort" and "order" that `changed` has.
    @type {(changed: Record<string, string | undefined>) => void} */
export function savePreferences(changed) {
  const all = preferences();
  Object.entries(changed).forEach(([name, value]) => all.set(name, String(value)));
  document.cookie = `${NAME}=${all}; Path=${root}; Max-Age=${YEAR_SECONDS}; SameSite=Lax`;
}
