/* Typing the start of a name moves the focus to it, as in other file managers: to the next row from the focus
   on that starts so. The same letter again goes from one such row to the next.

   Names that are not loaded yet are searched too, once the typing pauses.

   Rule: moves the focus and nothing else; case and accents do not matter. */

import { showError } from "../ui/errors.js";
import { focusOn, rowInFocus } from "./focus.js";
import { loadUntil } from "./history.js";
import { model } from "./list.js";
import { keyOf } from "./rows.js";

/** @import { RenderedRow } from "./page.js" */
/** @import { Selection } from "./selection.js" */

// After a longer pause, another name begins.
const PAUSE_MS = 1_000;
// Nothing is loaded for a half-typed name.
const SEARCHED_FURTHER_AFTER_MS = 400;

let typed = "";
let typedAt = -Infinity;
let timer = 0;

/** Return whether a key at this moment continues the name that is being typed.
    @type {(at: number) => boolean} */
export const isTyping = (at) => typed !== "" && at - typedAt < PAUSE_MS;

/** Return a name without case and the marks over letters.
    @type {(name: string) => string} */
const plain = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Return a function that tells whether the name of a row begins with `words`.
    @type {(words: string) => (row: { name: string }) => boolean} */
function matcher(words) {
  const wanted = plain(words);
  return ({ name }) => wanted !== "" && plain(name).startsWith(wanted);
}

/** @type {(words: string) => boolean} */
const isOneLetter = (words) => new Set(plain(words)).size === 1;

/** Return the loaded row that `words` lead to from the row `from`.
    @type {(words: string, from: HTMLElement | null) => RenderedRow | undefined} */
function rowFor(words, from) {
  const all = model.rows;
  const start = from && model.get(keyOf(from));
  const at = start ? all.indexOf(start) : -1;
  /** @type {(start: number) => RenderedRow[]} */
  const inTurn = (start) => [...all.slice(start), ...all.slice(0, start)];
  const found = inTurn(Math.max(at, 0) + (words.length === 1 && at >= 0 ? 1 : 0)).find(matcher(words));
  if (found || !isOneLetter(words)) {
    return found;
  }
  // "aaa" goes to the third that begins with "a", if no name begins with "aaa".
  return inTurn(at + 1).find(matcher(words[0]));
}

/** @type {(row: RenderedRow, selection: Selection) => void} */
function go({ element }, selection) {
  focusOn(element);
  selection.startAt(null);
}

/** Load the list up to the first name that begins with what was typed, and go there if the focus is still where it
    was.
    @type {(words: string, from: HTMLElement | null, selection: Selection) => Promise<void>} */
async function searchFurther(words, from, selection) {
  const isMatch = matcher(words);
  await loadUntil(() => typed !== words || model.rows.some(isMatch));
  const row = model.rows.find(isMatch);
  if (row && typed === words && rowInFocus() === from) {
    go(row, selection);
  }
}

/** Take in a character typed `at` a moment, in milliseconds.
    @type {(character: string, at: number, selection: Selection) => void} */
export function typeAhead(character, at, selection) {
  typed = isTyping(at) ? typed + character : character;
  typedAt = at;
  clearTimeout(timer);
  const from = rowInFocus();
  const row = rowFor(typed, from);
  if (row) {
    go(row, selection);
  } else if (model.more) {
    const words = typed;
    timer = setTimeout(
      () => searchFurther(words, from, selection).catch(showError),
      SEARCHED_FURTHER_AFTER_MS,
    );
  }
}
