/* How the user of this page likes lists: the view and the order, in a cookie of theirs, so that the server
   draws the next page that way from its first byte (web/listing/remembered.py reads it).

   Rule: keeps what it is told, and asks nobody. */

import { root, user } from "../core/identity.js";

const YEAR_SECONDS = 31_536_000;
const NAME = `lists-${user}`;

/** Return what is kept now, in this tab or another. */
export function kept() {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${NAME}=`));
  return new URLSearchParams(found?.slice(NAME.length + 1).replace(/^"|"$/g, ""));
}

/** Keep what `wanted` has of "view", "sort" and "order".
    @type {(wanted: Record<string, string | undefined>) => void} */
export function remember(wanted) {
  const all = kept();
  Object.entries(wanted).forEach(([name, value]) => all.set(name, String(value)));
  document.cookie = `${NAME}=${all}; Path=${root}; Max-Age=${YEAR_SECONDS}; SameSite=Lax`;
}
