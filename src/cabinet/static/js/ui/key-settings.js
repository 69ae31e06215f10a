/* Settings of single-character shortcuts: letters are off and punctuation is on by default. Stored in the browser,
   for each user.

   Rule: read at every key press, so that a change applies to all tabs at once. */

import { parts } from "../core/dom.js";
import { root, user } from "../core/identity.js";

const NAME = `keys ${root}${user}`;
const DEFAULT_KINDS = "signs";

function read() {
  try {
    return new Set((localStorage.getItem(NAME) ?? DEFAULT_KINDS).split(" "));
  } catch {
    // Storage may be blocked.
    return new Set([DEFAULT_KINDS]);
  }
}

/** Return whether shortcuts of a `kind` ("letters", "signs") are on.
    @type {(kind: string) => boolean} */
export const isKindOn = (kind) => read().has(kind);

/** Return the kind of `key`, as written in the tables; null if it cannot be switched off.
    @type {(key: string) => string | null} */
export function kindOf(key) {
  if (key.length > 1) {
    return null;
  }
  return /^[a-z]$/.test(key) ? "letters" : "signs";
}

/** Return whether the shortcut `key` is on.
    @type {(key: string) => boolean} */
export function isOn(key) {
  const kind = kindOf(key);
  return kind === null || isKindOn(kind);
}

/** @type {(kind: string, isWanted: boolean) => void} */
function switchKind(kind, isWanted) {
  const kinds = read();
  kinds[isWanted ? "add" : "delete"](kind);
  try {
    localStorage.setItem(NAME, [...kinds].join(" "));
  } catch {
    // Storage may be blocked; the setting is lost with the page.
  }
}

/** @type {(box: HTMLInputElement) => string} */
const kindOn = (box) => box.dataset.keys ?? "";

/** @type {(place: HTMLElement) => HTMLInputElement[]} */
const switchesIn = (place) => parts(place, "[data-keys]", HTMLInputElement);

/** Show the current settings in the switches of `place`.
    @type {(place: HTMLElement) => void} */
export function showSwitches(place) {
  for (const box of switchesIn(place)) {
    box.checked = isKindOn(kindOn(box));
  }
}

/** Connect the switches in `place` to the settings; `changed()` is called after each change. Until then they are
    disabled.
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
