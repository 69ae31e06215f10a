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

const showIfThere = (picture) =>
  picture.parentElement.classList.toggle("has-picture", picture.complete && picture.naturalWidth > 0);

/** Show each picture once it is there. Neither event bubbles, so both are caught on their way down. */
export function bindPictures() {
  if (isBound) {
    return;
  }
  isBound = true;
  for (const type of ["load", "error"]) {
    list.addEventListener(
      type,
      ({ target }) => {
        if (isThumb(target)) {
          showIfThere(target);
          if (type === "error") {
            tryAgain(target);
          }
        }
      },
      true,
    );
  }
  // Those that came before this script did.
  const showIn = (root) => root.querySelectorAll(".thumb").forEach(showIfThere);
  showIn(list);
  list.addEventListener("listchange", ({ detail }) => (detail?.added ?? [list]).forEach(showIn));
}
