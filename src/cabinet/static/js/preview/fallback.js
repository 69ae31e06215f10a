/* The message on the stage when a file cannot be shown. */

import { lookUp } from "../actions/changes.js";
import { copyOf, part } from "../core/dom.js";
import { size } from "../core/format.js";
import { base, downloadUrl, send } from "../core/http.js";
import { isAway } from "../core/identity.js";
import { text } from "../core/texts.js";

/** @import { Entry } from "../list/rows.js" */

/** A problem with the content of a file, not with a request; `message` can be shown as it is. */
export class PreviewError extends Error {}

/** Return whether the user of the page is away: media elements do not report why they failed. */
async function isSignedOut() {
  try {
    await send("GET", `${base}me`);
  } catch (failure) {
    return isAway(failure);
  }
  return false;
}

/** Find out why a file could not be shown: the file is gone, the session has ended, or the content is the problem.
    @type {(entry: Entry, failure: Error) => Promise<{ message: string, isThere: boolean, wasAway: boolean }>} */
export async function explainFailure({ path }, failure) {
  const result = { message: failure.message, isThere: true, wasAway: false };
  if (failure instanceof PreviewError) {
    return result;
  }
  try {
    result.wasAway = await isSignedOut();
    // Asks the user to sign in again if they are away.
    const [present] = await lookUp([path]);
    result.isThere = Boolean(present);
    result.message = text(result.isThere ? "preview-broken" : "preview-gone");
  } catch (other) {
    result.message = other.message;
    result.wasAway = false;
  }
  return result;
}

/** Show the icon, name and size of `entry`, the message, and a download link while the file exists.
    @type {(stage: HTMLElement, entry: Entry, message: string, how?: { isThere?: boolean }) => void} */
export function showFallback(stage, entry, message, { isThere = true } = {}) {
  const shown = copyOf("preview-instead");
  const icon = entry.row?.querySelector(".glyph")?.cloneNode();
  if (icon) {
    shown.prepend(icon);
  }
  part(shown, "bdi").textContent = entry.name;
  part(shown, ".preview-size").textContent = size(entry.size);
  part(shown, ".preview-message").textContent = message;
  const link = part(shown, "a", HTMLAnchorElement);
  link.href = downloadUrl(entry.path);
  link.hidden = !isThere;
  stage.replaceChildren(shown);
}
