/* What stands on the stage in place of a file, and why. */

import { lookUp } from "./changes.js";
import { size } from "./format.js";
import { downloadUrl, Failure } from "./http.js";
import { text } from "./texts.js";

/** Something about a file that is no failure of a request: `message` is fit to be shown. */
export class Unshowable extends Error {}

/** Find out why a file could not be shown: that it is gone, or the session was, or the file itself. */
export async function whyNot(entry, failure) {
  if (failure instanceof Unshowable) {
    return { message: failure.message, isThere: true, wasSignedOut: false };
  }
  try {
    const before = failure instanceof Failure ? failure.status : 0;
    const [present] = await lookUp([entry.path]);
    return present
      ? { message: text("preview-broken"), isThere: true, wasSignedOut: before === 401 }
      : { message: text("preview-gone"), isThere: false, wasSignedOut: false };
  } catch (other) {
    return { message: other.message, isThere: true, wasSignedOut: false };
  }
}

/** Show the icon, name and size of `entry`, `message`, and, while the file is there, what downloads it. */
export function showInstead(stage, entry, message, { isThere = true } = {}) {
  const shown = document.getElementById("preview-instead").content.firstElementChild.cloneNode(true);
  const icon = entry.row?.querySelector(".icon")?.cloneNode(true);
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
