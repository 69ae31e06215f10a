/* The buttons and keys that make what is on the stage larger and smaller. */

import { meantBy } from "../actions/preview-keys.js";
import { byId, parts } from "../core/dom.js";

/** @import { Place } from "./preview.js" */

const STEP = 1.4;

/** What each key multiplies by; null is for as large as fits.
    @type {Record<string, number | null>} */
const FACTORS = { larger: STEP, smaller: 1 / STEP, fit: null };

/** Offer to zoom until `signal` is aborted: `zoom(factor)` is called with what to multiply by, and
    with null for as large as fits.
    @type {(place: Place, zoom: (factor: number | null) => void) => void} */
export function offerZoom({ tools, dialog, signal }, zoom) {
  const buttons = document.importNode(byId("preview-zoom", HTMLTemplateElement).content, true);
  const [smaller, larger] = parts(buttons, "button");
  smaller.addEventListener("click", () => zoom(1 / STEP));
  larger.addEventListener("click", () => zoom(STEP));
  tools.append(buttons);
  /** @type {(event: KeyboardEvent) => void} */
  const byKey = (event) => {
    const factor = FACTORS[meantBy(event) ?? ""];
    if (factor !== undefined) {
      event.preventDefault();
      zoom(factor);
    }
  };
  dialog.addEventListener("keydown", byKey, { signal });
}
