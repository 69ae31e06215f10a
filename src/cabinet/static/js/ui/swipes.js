/* Horizontal swipes with one finger. */

import { around } from "../core/dom.js";

const MIN_DISTANCE_PX = 60;
// How many times longer than its vertical distance a swipe has to be.
const MIN_RATIO = 2;

/** Call `turn(1)` for a swipe to the left over `element`, `turn(-1)` for one to the right. Elements that scroll
    horizontally and media players keep their swipes.
    @type {(element: HTMLElement, turn: (by: number) => void) => void} */
export function bindSwipes(element, turn) {
  /** @type {Touch | null} */
  let start = null;
  element.addEventListener(
    "touchstart",
    ({ touches, target }) => {
      const isOurs = element.scrollWidth <= element.clientWidth && !around({ target }, "video, audio");
      start = touches.length === 1 && isOurs ? touches[0] : null;
    },
    { passive: true },
  );
  element.addEventListener("touchend", ({ changedTouches: [end] }) => {
    const across = start ? start.clientX - end.clientX : 0;
    const down = start ? Math.abs(start.clientY - end.clientY) : 0;
    const isZoomed = (visualViewport?.scale ?? 1) > 1.01;
    if (!isZoomed && Math.abs(across) > Math.max(MIN_DISTANCE_PX, down * MIN_RATIO)) {
      turn(Math.sign(across));
    }
    start = null;
  });
}
