/* The undo stack of this page.

   Rule: knows neither the changes nor how to undo them; each step runs once, unless the server could not be
   reached. */

import { Failure } from "../core/http.js";
import { isAway } from "../core/identity.js";
import { text } from "../core/texts.js";
import { reportFailure } from "../list/updates.js";
import { notify } from "../ui/toasts.js";

// The maximum number of steps.
const MAX_STEPS = 20;

// No answer, too busy: the step stays on the stack, as it does while the user of the page is away.
const UNREACHABLE = new Set([0, 429, 502, 503, 504]);

/** What was changed; the message after an undo names it.
    @typedef {"move" | "copy" | "rename" | "delete" | "restore"} Change */

/** A step: what it changed, how to undo it, and how to close the message that offers that.
    @typedef {{ change: Change, undo: () => Promise<unknown>, close: () => void }} Step */

/** @type {Step[]} */
const steps = [];

/** @type {(step: Step) => Promise<void>} */
async function run(step) {
  steps.splice(steps.indexOf(step), 1);
  step.close();
  try {
    await step.undo();
    notify(text(`undone.${step.change}`));
  } catch (failure) {
    if (!(failure instanceof Failure)) {
      throw failure;
    }
    if (UNREACHABLE.has(failure.status) || isAway(failure)) {
      steps.push(step);
      reportFailure(failure);
    } else {
      reportFailure(failure, text("not-undone", { why: failure.message }));
    }
  }
}

/** Show `message` with an "Undo" button that calls `undo()`, which may be asynchronous and raises `Failure` when the
    step cannot be undone any more; Ctrl+Z calls it too.
    @type {(change: Change, message: string, undo: () => Promise<unknown>) => void} */
export function pushUndo(change, message, undo) {
  /** @type {Step} */
  const step = {
    change,
    undo,
    close: notify(message, { label: text("undo"), run: () => steps.includes(step) && run(step) }),
  };
  steps.push(step);
  steps.splice(0, steps.length - MAX_STEPS);
}

/** Undo the last change that is not undone yet.
    @type {() => Promise<void>} */
export function undoLast() {
  if (steps.length) {
    return run(steps[steps.length - 1]);
  }
  notify(text("nothing-to-undo"));
  return Promise.resolve();
}
