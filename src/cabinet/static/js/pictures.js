/* Small pictures in the list. The icon of its kind lies under each, so that there is never a hole;
   a picture that the server has not made yet is asked for again.

   Rule: the box is there before the picture is, so nothing moves. */

const TRIES = 4;
const FIRST_MS = 1_500;

const list = document.getElementById("list");
const tries = new WeakMap();
let isBound = false;

const isThumb = (target) => target.classList?.contains("thumb");

function tryAgain(picture) {
  const count = (tries.get(picture) ?? 0) + 1;
  tries.set(picture, count);
  if (count > TRIES) {
    return;
  }
  setTimeout(() => {
    if (picture.isConnected) {
      const source = picture.src;
      picture.removeAttribute("src");
      picture.src = source;
    }
  }, FIRST_MS * count);
}

/** Show a picture that is there, and ask again for one that the browser has given up. */
function settle(picture) {
  const isThere = picture.complete && picture.naturalWidth > 0;
  picture.parentElement.classList.toggle("has-picture", isThere);
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
    list.addEventListener(type, ({ target }) => isThumb(target) && settle(target), true);
  }
  // Those that came, or did not, before this script was there.
  const settleIn = (root) => root.querySelectorAll(".thumb").forEach(settle);
  settleIn(list);
  list.addEventListener("listchange", ({ detail }) => (detail?.added ?? [list]).forEach(settleIn));
}
