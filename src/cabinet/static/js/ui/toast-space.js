/* Space below the page for the toasts, so that its last rows can be scrolled out from under them.

   Rule: the page never moves under the pointer; space that is in view is removed only after scrolling away. */

const root = document.documentElement;
// The last elements of a wide and of a narrow page; the root for scrolling into view.
/** @type {(HTMLElement | null)[]} */
const targets = [root, document.querySelector(".frame"), document.getElementById("main")];

let reserved = 0;

/** @type {(pixels: number) => void} */
function reserve(pixels) {
  reserved = pixels;
  // Set on each element, because an inherited property would restyle every row.
  targets.forEach((each) => each?.style.setProperty("--toasts", `${pixels}px`));
}

/** Keep as much space at the end of the page as `toasts` cover.
    @type {(toasts: HTMLElement) => void} */
export function reserveSpace(toasts) {
  const update = () => {
    const needed = toasts.parentElement === document.body ? toasts.offsetHeight : 0;
    if (needed !== reserved) {
      const below = Math.max(0, Math.floor(root.scrollHeight - innerHeight - scrollY));
      reserve(Math.max(needed, reserved - below));
    }
  };
  new ResizeObserver(update).observe(toasts);
  window.addEventListener("scroll", update, { passive: true });
}
