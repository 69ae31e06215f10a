/* What keys are called on the keyboard in front of whoever reads it. */

import { text } from "../core/texts.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

const NAMES = {
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

const WORDS = { Space: "key-space", Typing: "key-typing" };

function nameOf(key) {
  if (key in WORDS) {
    return text(WORDS[key]);
  }
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** Return the names of the keys that are held and pressed together. */
export const partsOf = (key) => (key === "+" ? [key] : key.split("+")).map(nameOf);

/** Return them in one word. */
export const labelOf = (key) => partsOf(key).join(isMac ? "" : "+");
