/* What goes wrong while something is done, told in a toast. */

import { Failure } from "../core/http.js";
import { text } from "../core/texts.js";
import { warn } from "./toasts.js";

/** Tell of what went wrong; what nobody foresaw is for the console, too.
    @type {(failure: unknown) => void} */
export function tell(failure) {
  warn(failure instanceof Failure ? failure.message : text("unforeseen"));
  if (!(failure instanceof Failure)) {
    reportError(failure);
  }
}
