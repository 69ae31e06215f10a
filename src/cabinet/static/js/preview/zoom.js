/* The buttons and keys that make what is on the stage larger and smaller. */

import { meantBy } from "../actions/preview-keys.js";

const STEP = 1.4;

/** Offer to zoom until `signal` is aborted: `zoom(factor)` is called with what to multiply by, and
    with null for as large as fits. */
export function offerZoom({ tools, dialog, signal }, zoom) {
  const buttons = document.getElementById("preview-zoom").content.cloneNode(true);
  const [smaller, larger] = buttons.querySelectorAll("button");
  smaller.addEventListener("click", () => zoom(1 / STEP));
  larger.addEventListener("click", () => zoom(STEP));
  tools.append(buttons);
  const byKey = (event) => {
    const factor = { larger: STEP, smaller: 1 / STEP, fit: null }[meantBy(event)];
    if (factor !== undefined) {
      event.preventDefault();
      zoom(factor);
    }
  };
  dialog.addEventListener("keydown", byKey, { signal });
}
