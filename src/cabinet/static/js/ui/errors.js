/* Errors of actions, shown in a toast. */

import { Failure } from "../core/http.js";
import { text } from "../core/texts.js";
import { warn } from "./toasts.js";

/** Show an error; an unexpected one is also logged to the console.
    @type {(failure: unknown) => void} */
export function showError(failure) {
  warn(failure instanceof Failure ? failure.message : text("unforeseen"));
  if (!(failure instanceof Failure)) {
    reportError(failure);
  }
}
