/* Room below the page for what is said over it: its last rows can always be scrolled out from under a message.

   Rule: nothing moves under the pointer of whoever is at the end of the page; what has been given there is
   taken back once they are elsewhere. */

const root = document.documentElement;
// What ends last on a wide page, and on a narrow one; the root for what is scrolled into view.
/** @type {(HTMLElement | null)[]} */
const ends = [root, document.querySelector(".frame"), document.getElementById("main")];

let given = 0;

/** @type {(pixels: number) => void} */
function give(pixels) {
  given = pixels;
  // To each by itself, for it is not handed down: every row would be drawn anew.
  ends.forEach((each) => each?.style.setProperty("--toasts", `${pixels}px`));
}

/** Give the page as much room as `toasts` take of it.
    @type {(toasts: HTMLElement) => void} */
export function keepRoomFor(toasts) {
  const fit = () => {
    const needed = toasts.parentElement === document.body ? toasts.offsetHeight : 0;
    if (needed !== given) {
      const below = Math.max(0, Math.floor(root.scrollHeight - innerHeight - scrollY));
      give(Math.max(needed, given - below));
    }
  };
  new ResizeObserver(fit).observe(toasts);
  window.addEventListener("scroll", fit, { passive: true });
}
