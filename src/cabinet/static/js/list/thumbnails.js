/* Thumbnails in the list. The icon of the file's kind is under each, so there is never a gap; a thumbnail
   that the server has not made yet is requested again.

   Rule: the box is there before the thumbnail, so nothing moves. */

import { around, byId, parts } from "../core/dom.js";
import { absence, presence } from "../core/identity.js";
import { onListChange } from "./events.js";

const TRIES = 4;
const FIRST_MS = 1_500;

const list = byId("list");
/** @type {WeakMap<HTMLImageElement, number>} */
const tries = new WeakMap();
let isBound = false;

/** @type {(picture: HTMLImageElement) => void} */
function fetchAgain(picture) {
  const source = picture.src;
  picture.removeAttribute("src");
  picture.src = source;
}

/** @type {(picture: HTMLImageElement) => void} */
function tryAgain(picture) {
  const count = (tries.get(picture) ?? 0) + 1;
  tries.set(picture, count);
  if (count > TRIES) {
    return;
  }
  setTimeout(() => {
    // While another user is signed in, the request would be refused.
    if (picture.isConnected && !absence().why) {
      fetchAgain(picture);
    }
  }, FIRST_MS * count);
}

/** Request all that are missing: the user of this page is signed in again. */
function retryAll() {
  for (const picture of parts(list, ":not(.has-picture) > .thumb", HTMLImageElement)) {
    tries.delete(picture);
    if (picture.complete) {
      fetchAgain(picture);
    }
  }
}

/** Show a thumbnail that has loaded, and request one again that failed.
    @type {(picture: HTMLImageElement) => void} */
function settle(picture) {
  const isThere = picture.complete && picture.naturalWidth > 0;
  picture.parentElement?.classList.toggle("has-picture", isThere);
  if (picture.complete && !isThere) {
    tryAgain(picture);
  }
}

/** Show each thumbnail once it has loaded. Neither event bubbles, so both are captured. */
export function bindThumbnails() {
  if (isBound) {
    return;
  }
  isBound = true;
  for (const type of ["load", "error"]) {
    list.addEventListener(
      type,
      (event) => {
        const picture = around(event, ".thumb", HTMLImageElement);
        if (picture) {
          settle(picture);
        }
      },
      true,
    );
  }
  presence.addEventListener("back", retryAll);
  // Those that loaded or failed before this script ran.
  /** @type {(root: ParentNode) => void} */
  const settleIn = (root) => parts(root, ".thumb", HTMLImageElement).forEach(settle);
  settleIn(list);
  onListChange(list, ({ added }) => (added ?? [list]).forEach(settleIn));
}
