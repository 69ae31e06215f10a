/* What stands on the stage in place of a file, and why. */

import { lookUp } from "../actions/changes.js";
import { size } from "../core/format.js";
import { downloadUrl, root, send } from "../core/http.js";
import { isAway } from "../core/identity.js";
import { text } from "../core/texts.js";

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

/** Find out why a file could not be shown: that it is gone, or the session was, or the file itself. */
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

/** Show the icon, name and size of `entry`, `message`, and, while the file is there, what downloads it. */
export function showInstead(stage, entry, message, { isThere = true } = {}) {
  const shown = document.getElementById("preview-instead").content.firstElementChild.cloneNode(true);
  const icon = entry.row?.querySelector(".glyph")?.cloneNode();
  if (icon) {
    shown.prepend(icon);
  }
  shown.querySelector("bdi").textContent = entry.name;
  shown.querySelector(".preview-size").textContent = size(entry.size);
  shown.querySelector(".preview-message").textContent = message;
  const link = shown.querySelector("a");
  link.href = downloadUrl(entry.path);
  link.hidden = !isThere;
  stage.replaceChildren(shown);
}
