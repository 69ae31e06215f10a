/* The zoom buttons and keys of the preview. */

import { shortcutFor } from "../actions/preview-keys.js";
import { byId, parts } from "../core/dom.js";

/** @import { Place } from "./viewers.js" */

const STEP = 1.4;

/** The zoom factor of each key; null fits the content to the stage.
    @type {Record<string, number | null>} */
const FACTORS = { larger: STEP, smaller: 1 / STEP, fit: null };

/** Add the zoom controls until `signal` is aborted; `zoom(factor)` is called with the factor to multiply by, null to
    fit the content to the stage.
    @type {(place: Place, zoom: (factor: number | null) => void) => void} */
export function offerZoom({ tools, dialog, signal }, zoom) {
  const buttons = document.importNode(byId("preview-zoom", HTMLTemplateElement).content, true);
  const [smaller, larger] = parts(buttons, "button");
  smaller.addEventListener("click", () => zoom(1 / STEP));
  larger.addEventListener("click", () => zoom(STEP));
  tools.append(buttons);
  /** @type {(event: KeyboardEvent) => void} */
  const byKey = (event) => {
    const factor = FACTORS[shortcutFor(event) ?? ""];
    if (factor !== undefined) {
      event.preventDefault();
      zoom(factor);
    }
  };
  dialog.addEventListener("keydown", byKey, { signal });
}
