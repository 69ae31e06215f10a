/* Typing a name goes to it, as in other file managers: to the first that begins so, from where one is on.
   The same letter again goes from one to the next.

   Names that are not loaded yet are looked for, too, once the typing pauses.

   Rule: moves the focus and nothing else; case and accents do not matter. */

import { tell } from "../ui/errors.js";
import { focusOn, rowInFocus } from "./focus.js";
import { find } from "./history.js";
import { rows } from "./list.js";

/** @import { Selection } from "./selection.js" */

// Who waits longer begins another name.
const PAUSE_MS = 1_000;
// Who still types is not made to wait for what would be loaded for the half of it.
const LOOKED_FURTHER_AFTER_MS = 400;

let typed = "";
let typedAt = -Infinity;
let timer = 0;

/** Tell whether a key at this moment goes on with the name that is being typed.
    @type {(at: number) => boolean} */
export const isTypedOn = (at) => typed !== "" && at - typedAt < PAUSE_MS;

/** Return a name without what people do not type: case, and the marks over letters.
    @type {(name: string) => string} */
const plain = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Return what tells whether a row has a name that begins with `words`.
    @type {(words: string) => (row: HTMLElement) => boolean} */
function matcher(words) {
  const wanted = plain(words);
  return ({ dataset: { name = "" } }) => wanted !== "" && plain(name).startsWith(wanted);
}

/** @type {(words: string) => boolean} */
const isOneLetter = (words) => new Set(plain(words)).size === 1;

/** Return the row that `words` lead to from `from`, among those that are loaded.
    @type {(words: string, from: HTMLElement | null) => HTMLElement | undefined} */
function rowFor(words, from) {
  const all = rows();
  const at = from ? all.indexOf(from) : -1;
  /** @type {(start: number) => HTMLElement[]} */
  const inTurn = (start) => [...all.slice(start), ...all.slice(0, start)];
  const found = inTurn(Math.max(at, 0) + (words.length === 1 && at >= 0 ? 1 : 0)).find(matcher(words));
  if (found || !isOneLetter(words)) {
    return found;
  }
  // "aaa": the third that begins with an a, where no name begins with all of it.
  return inTurn(at + 1).find(matcher(words[0]));
}

/** @type {(row: HTMLElement, selection: Selection) => void} */
function go(row, selection) {
  focusOn(row);
  selection.startAt(null);
}

/** Load the list on to the first name that begins with what was typed, unless somebody has gone elsewhere.
    @type {(words: string, from: HTMLElement | null, selection: Selection) => Promise<void>} */
async function lookFurther(words, from, selection) {
  const isMatch = matcher(words);
  await find(() => typed !== words || rows().find(isMatch));
  const row = rows().find(isMatch);
  if (row && typed === words && rowInFocus() === from) {
    go(row, selection);
  }
}

/** Go on with a name by what was typed `at` a moment, in milliseconds.
    @type {(character: string, at: number, selection: Selection) => void} */
export function typeAhead(character, at, selection) {
  typed = isTypedOn(at) ? typed + character : character;
  typedAt = at;
  clearTimeout(timer);
  const from = rowInFocus();
  const row = rowFor(typed, from);
  if (row) {
    go(row, selection);
  } else if (document.getElementById("more")) {
    const words = typed;
    timer = setTimeout(() => lookFurther(words, from, selection).catch(tell), LOOKED_FURTHER_AFTER_MS);
  }
}
