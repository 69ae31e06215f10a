/* What stands on the stage in place of a file, and why. */

import { lookUp } from "../actions/changes.js";
import { copyOf, part } from "../core/dom.js";
import { size } from "../core/format.js";
import { downloadUrl, root, send } from "../core/http.js";
import { isAway } from "../core/identity.js";
import { text } from "../core/texts.js";

/** @import { Entry } from "../list/list.js" */

/** Something about a file that is no failure of a request: `message` is fit to be shown. */
export class Unshowable extends Error {}

/** Tell whether the user of the page is away: an <img> or a player keeps to itself why it got nothing. */
async function isNobodyHere() {
  try {
    await send("GET", `${root}me`);
  } catch (failure) {
    return isAway(failure);
  }
  return false;
}

/** Find out why a file could not be shown: that it is gone, or the session was, or the file itself.
    @type {(entry: Entry, failure: Error) => Promise<{ message: string, isThere: boolean, wasAway: boolean }>} */
export async function whyNot({ path }, failure) {
  const told = { message: failure.message, isThere: true, wasAway: false };
  if (failure instanceof Unshowable) {
    return told;
  }
  try {
    told.wasAway = await isNobodyHere();
    // Whoever is away is asked to sign in again by this.
    const [present] = await lookUp([path]);
    told.isThere = Boolean(present);
    told.message = text(told.isThere ? "preview-broken" : "preview-gone");
  } catch (other) {
    told.message = other.message;
    told.wasAway = false;
  }
  return told;
}

/** Show the icon, name and size of `entry`, `message`, and, while the file is there, what downloads it.
    @type {(stage: HTMLElement, entry: Entry, message: string, how?: { isThere?: boolean }) => void} */
export function showInstead(stage, entry, message, { isThere = true } = {}) {
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
