/* Shows a file on a stage, by the viewer of its kind: in the preview of a list, or on the page of a single file.

   Each kind of file has a viewer module, imported on first use, that exports `show(entry, place)`. It fills
   `place.stage`, adds buttons to `place.tools`, listens to keys on `place.dialog`, stops when `place.signal` is
   aborted, and raises errors.

   Rule: nothing in a file becomes markup, and nothing in it runs. */

import { may } from "../core/rights.js";
import { text } from "../core/texts.js";
import { explainFailure, showFallback } from "./fallback.js";
import { isLimited, kindOf } from "./kinds.js";

/** @import { Entry } from "../list/rows.js" */

/** Where a viewer shows a file, and until when.
    @typedef {object} Place
    @property {HTMLElement} stage
    @property {HTMLElement} tools
    @property {HTMLElement} dialog
    @property {AbortSignal} signal */

/** A viewer module.
    @typedef {{ show: (entry: Entry, place: Place) => Promise<void> }} Viewer */

/** @type {Record<string, () => Promise<Viewer>>} */
const VIEWERS = {
  image: () => import("./image.js"),
  video: () => import("./media.js"),
  audio: () => import("./media.js"),
  pdf: () => import("./pdf.js"),
  text: () => import("./text.js"),
};

/** Return why there is no preview of a file, null if there is one.
    @type {(kind: string) => string | null} */
function reasonAgainst(kind) {
  if (!may("read") || !VIEWERS[kind]) {
    return text("preview-none");
  }
  return isLimited && kind !== "image" ? text("preview-limited") : null;
}

/** Empty a stage.
    @type {(place: Pick<Place, "stage" | "tools">) => void} */
export function clearStage({ stage, tools }) {
  stage.replaceChildren();
  tools.replaceChildren();
  stage.removeAttribute("aria-busy");
  stage.scrollTo(0, 0);
}

/** Show why a file cannot be shown; `again()` starts anew after signing in again.
    @type {(entry: Entry, failure: Error, place: Place, again: (() => Promise<void>) | null) => Promise<void>} */
async function explain(entry, failure, place, again) {
  const { message, isThere, wasAway } = await explainFailure(entry, failure);
  if (place.signal.aborted) {
    return;
  }
  if (wasAway && again) {
    await again();
    return;
  }
  clearStage(place);
  place.stage.dataset.kind = "none";
  showFallback(place.stage, entry, message, { isThere });
}

/** Show `entry` at a place, or why that is impossible; `again()`, if given, starts anew after signing in again.
    @type {(entry: Entry, place: Place, again?: (() => Promise<void>) | null) => Promise<void>} */
export async function present(entry, place, again = null) {
  const { stage, signal } = place;
  const kind = kindOf(entry);
  const reason = reasonAgainst(kind);
  stage.dataset.kind = reason ? "none" : kind;
  if (reason) {
    showFallback(stage, entry, reason);
    return;
  }
  stage.setAttribute("aria-busy", "true");
  try {
    const viewer = await VIEWERS[kind]();
    signal.throwIfAborted();
    await viewer.show(entry, place);
  } catch (failure) {
    if (!signal.aborted) {
      await explain(entry, failure, place, again);
    }
  }
  if (!signal.aborted) {
    stage.removeAttribute("aria-busy");
  }
}
