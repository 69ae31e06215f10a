/* The key combination of an event, as written in the tables of shortcuts: "F2", "Shift+Delete", "Mod+a" (Ctrl, or
   Command on a Mac), "m".

   With a non-Latin layout, a letter is the one on the same key of a Latin keyboard, so that shortcuts work while
   Russian is typed. */

// The characters of the "/" key in Russian and Ukrainian layouts.
/** @type {Record<string, string>} */
const SLASH = { ".": "/", ",": "?" };

/** Return the name of the key, without modifiers.
    @type {(event: KeyboardEvent) => string} */
function nameOf({ key, code }) {
  if (/^[a-z]$/i.test(key)) {
    return key.toLowerCase();
  }
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  // Punctuation is matched by the character, whichever key it is on.
  if (letter && /^\p{L}$/u.test(key)) {
    return letter.toLowerCase();
  }
  if (code === "Slash" && key in SLASH) {
    return SLASH[key];
  }
  return key === " " ? "Space" : key;
}

/** Return the key combination of an event, as written in the tables.
    @type {(event: KeyboardEvent) => string} */
export function combinationOf(event) {
  const name = nameOf(event);
  const isSign = name.length === 1 && !/[a-z]/.test(name);
  // AltGr types characters, and some systems report Ctrl and Alt as held.
  if (event.getModifierState?.("AltGraph")) {
    return event.key;
  }
  const held = [
    (event.ctrlKey || event.metaKey) && "Mod",
    event.altKey && "Alt",
    event.shiftKey && !isSign && "Shift",
  ];
  return [...held.filter(Boolean), name].join("+");
}
