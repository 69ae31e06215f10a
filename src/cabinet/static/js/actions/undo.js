/* What was done last on this page, and how to have it undone.

   Rule: knows neither what was done nor how it is undone; each way back is walked once, unless the
   server could not be asked. */

import { Failure } from "../core/http.js";
import { isAway } from "../core/identity.js";
import { text } from "../core/texts.js";
import { lost } from "../list/updates.js";
import { say } from "../ui/toasts.js";

// Further back nobody remembers what it was.
const KEPT = 20;

// No answer, too busy: later it may well be possible, as it may once the user of the page is back.
const UNASKED = new Set([0, 429, 502, 503, 504]);

/** A way back: how it is walked, and how the message that offers it is closed.
    @typedef {{ undo: () => Promise<unknown>, close: () => void }} Way */

/** @type {Way[]} */
const ways = [];

/** @type {(way: Way) => Promise<void>} */
async function walk(way) {
  ways.splice(ways.indexOf(way), 1);
  way.close();
  try {
    await way.undo();
    say(text("undone"));
  } catch (failure) {
    if (!(failure instanceof Failure)) {
      throw failure;
    }
    if (UNASKED.has(failure.status) || isAway(failure)) {
      ways.push(way);
      lost(failure);
    } else {
      lost(failure, text("not-undone", { why: failure.message }));
    }
  }
}

/** Say `message` with a button that calls `undo()`, which may be asynchronous and raises `Failure`
    when it cannot be done any more; until then Ctrl+Z calls it, too.
    @type {(message: string, undo: () => Promise<unknown>) => void} */
export function remember(message, undo) {
  /** @type {Way} */
  const way = {
    undo,
    close: say(message, { label: text("undo"), run: () => ways.includes(way) && walk(way) }),
  };
  ways.push(way);
  ways.splice(0, ways.length - KEPT);
}

/** Undo what was done last and is not undone yet.
    @type {() => Promise<void>} */
export function undoLast() {
  if (ways.length) {
    return walk(ways[ways.length - 1]);
  }
  say(text("nothing-to-undo"));
  return Promise.resolve();
}
