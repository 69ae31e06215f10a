/* Which keys of a single character do something: letters once their user has switched them on, signs until
   they are switched off. The browser keeps it, for each user of its own.

   Rule: asked at every key, so that all tabs obey at once. */

import { root, user } from "../core/identity.js";

const NAME = `keys ${root}${user}`;
const AT_FIRST = "signs";

function read() {
  try {
    return new Set((localStorage.getItem(NAME) ?? AT_FIRST).split(" "));
  } catch {
    // A browser may keep nothing at all.
    return new Set([AT_FIRST]);
  }
}

/** Tell whether keys of a `kind` ("letters", "signs") do something. */
export const areOn = (kind) => read().has(kind);

/** Return the kind of `key`, as the tables write it; null for one that cannot be switched off. */
export function kindOf(key) {
  if (key.length > 1) {
    return null;
  }
  return /^[a-z]$/.test(key) ? "letters" : "signs";
}

/** Tell whether `key` does something. */
export function isOn(key) {
  const kind = kindOf(key);
  return kind === null || areOn(kind);
}

function switchKind(kind, isWanted) {
  const kinds = read();
  kinds[isWanted ? "add" : "delete"](kind);
  try {
    localStorage.setItem(NAME, [...kinds].join(" "));
  } catch {
    // Then it is as it was on the next page.
  }
}

const switchesIn = (place) => place.querySelectorAll("[data-keys]");

/** Show in the switches of `place` how it is now. */
export function showSwitches(place) {
  for (const box of switchesIn(place)) {
    box.checked = areOn(box.dataset.keys);
  }
}

/** Let the switches in `place` show how it is and change it; `changed()` hears of that. Until then they can
    not be pressed. */
export function bindSwitches(place, changed = () => {}) {
  showSwitches(place);
  for (const box of switchesIn(place)) {
    box.disabled = false;
    box.addEventListener("change", () => {
      switchKind(box.dataset.keys, box.checked);
      changed();
    });
  }
}
