/* Small pictures in the list. The icon of its kind lies under each, so that there is never a hole;
   a picture that the server has not made yet is asked for again.

   Rule: the box is there before the picture is, so nothing moves. */

import { around, byId, parts } from "../core/dom.js";
import { absence, presence } from "../core/identity.js";
import { onListChange } from "./list.js";

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
    // While its owner is away it is not made, but refused.
    if (picture.isConnected && !absence().why) {
      fetchAgain(picture);
    }
  }, FIRST_MS * count);
}

/** Ask for all that is missing, for its owner is back. */
function startAnew() {
  for (const picture of parts(list, ":not(.has-picture) > .thumb", HTMLImageElement)) {
    tries.delete(picture);
    if (picture.complete) {
      fetchAgain(picture);
    }
  }
}

/** Show a picture that is there, and ask again for one that the browser has given up.
    @type {(picture: HTMLImageElement) => void} */
function settle(picture) {
  const isThere = picture.complete && picture.naturalWidth > 0;
  picture.parentElement?.classList.toggle("has-picture", isThere);
  if (picture.complete && !isThere) {
    tryAgain(picture);
  }
}

/** Show each picture once it is there. Neither event bubbles, so both are caught on their way down. */
export function bindPictures() {
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
  presence.addEventListener("back", startAnew);
  // Those that came, or did not, before this script was there.
  /** @type {(root: ParentNode) => void} */
  const settleIn = (root) => parts(root, ".thumb", HTMLImageElement).forEach(settle);
  settleIn(list);
  onListChange(list, ({ added }) => (added ?? [list]).forEach(settleIn));
}
