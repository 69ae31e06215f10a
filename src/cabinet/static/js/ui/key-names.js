/* Names of keys as they are on the user's keyboard. */

import { text } from "../core/texts.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** @type {Record<string, string>} */
const NAMES = {
  Alt: isMac ? "⌥" : "Alt",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ContextMenu: "☰",
  Delete: "Del",
  Escape: "Esc",
  Mod: isMac ? "⌘" : "Ctrl",
  Shift: isMac ? "⇧" : "Shift",
};

/** @type {Record<string, string>} */
const WORDS = { Space: "key-space", Typing: "key-typing" };

/** @type {(key: string) => string} */
function nameOf(key) {
  if (key in WORDS) {
    return text(WORDS[key]);
  }
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** Return the names of the keys of a combination.
    @type {(key: string) => string[]} */
export const partsOf = (key) => (key === "+" ? [key] : key.split("+")).map(nameOf);

/** Return the combination as one label.
    @type {(key: string) => string} */
export const labelOf = (key) => partsOf(key).join(isMac ? "" : "+");
