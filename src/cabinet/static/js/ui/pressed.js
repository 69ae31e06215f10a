/* What was pressed, written as in the tables of keys: "F2", "Shift+Delete", "Mod+a" (Ctrl, or Command on a
   Mac), "m".

   A letter is the one on the key; where another script is written, the one that the key has on a
   Latin keyboard, so that M is M while Russian is typed. */

// What stands on the key of "/" where Russian or Ukrainian is typed.
/** @type {Record<string, string>} */
const SLASH = { ".": "/", ",": "?" };

/** Return the name of the key itself.
    @type {(event: KeyboardEvent) => string} */
function nameOf({ key, code }) {
  if (/^[a-z]$/i.test(key)) {
    return key.toLowerCase();
  }
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  // A sign is a sign, on whatever key it stands.
  if (letter && /^\p{L}$/u.test(key)) {
    return letter.toLowerCase();
  }
  if (code === "Slash" && key in SLASH) {
    return SLASH[key];
  }
  return key === " " ? "Space" : key;
}

/** Return what was pressed, as the tables write it.
    @type {(event: KeyboardEvent) => string} */
export function pressed(event) {
  const name = nameOf(event);
  const isSign = name.length === 1 && !/[a-z]/.test(name);
  const held = [
    (event.ctrlKey || event.metaKey) && "Mod",
    event.altKey && "Alt",
    event.shiftKey && !isSign && "Shift",
  ];
  return [...held.filter(Boolean), name].join("+");
}
