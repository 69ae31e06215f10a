/* Which keys of a single character do something: letters once their user has switched them on, signs until
   they are switched off. The browser keeps it, for each user of its own.

   Rule: asked at every key, so that all tabs obey at once. */

import { parts } from "../core/dom.js";
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

/** Tell whether keys of a `kind` ("letters", "signs") do something.
    @type {(kind: string) => boolean} */
export const areOn = (kind) => read().has(kind);

/** Return the kind of `key`, as the tables write it; null for one that cannot be switched off.
    @type {(key: string) => string | null} */
export function kindOf(key) {
  if (key.length > 1) {
    return null;
  }
  return /^[a-z]$/.test(key) ? "letters" : "signs";
}

/** Tell whether `key` does something.
    @type {(key: string) => boolean} */
export function isOn(key) {
  const kind = kindOf(key);
  return kind === null || areOn(kind);
}

/** @type {(kind: string, isWanted: boolean) => void} */
function switchKind(kind, isWanted) {
  const kinds = read();
  kinds[isWanted ? "add" : "delete"](kind);
  try {
    localStorage.setItem(NAME, [...kinds].join(" "));
  } catch {
    // Then it is as it was on the next page.
  }
}

/** @type {(box: HTMLInputElement) => string} */
const kindOn = (box) => box.dataset.keys ?? "";

/** @type {(place: HTMLElement) => HTMLInputElement[]} */
const switchesIn = (place) => parts(place, "[data-keys]", HTMLInputElement);

/** Show in the switches of `place` how it is now.
    @type {(place: HTMLElement) => void} */
export function showSwitches(place) {
  for (const box of switchesIn(place)) {
    box.checked = areOn(kindOn(box));
  }
}

/** Let the switches in `place` show how it is and change it; `changed()` hears of that. Until then they can
    not be pressed.
    @type {(place: HTMLElement, changed?: () => void) => void} */
export function bindSwitches(place, changed = () => {}) {
  showSwitches(place);
  for (const box of switchesIn(place)) {
    box.disabled = false;
    box.addEventListener("change", () => {
      switchKind(kindOn(box), box.checked);
      changed();
    });
  }
}
