/* The focus ring, for keyboard users.

   Rule: hides the ring where the browser should not show it, never adds one. WebKit shows the ring on every focus
   set by a script, even after a click; Chromium and Firefox do not. */

// Text fields always show that they have the focus.
const TEXT_FIELDS = 'input:not([type="checkbox"], [type="radio"]), textarea, [contenteditable]';

let isPointing = false;
/** @type {Element | null} */
let suppressed = null;

/** Show the ring that was hidden. */
function release() {
  suppressed?.classList.remove("is-quiet");
  suppressed = null;
}

/** Hide the ring of an element that got the focus by a pointer. */
export function bindFocusRing() {
  /** @type {(type: string, act: (event: Event) => void) => void} */
  const listen = (type, act) => document.addEventListener(type, act, { capture: true, passive: true });
  listen("pointerdown", () => {
    isPointing = true;
  });
  listen("keydown", () => {
    isPointing = false;
    release();
  });
  listen("focusout", release);
  listen("focusin", ({ target }) => {
    if (
      isPointing &&
      target instanceof Element &&
      target.matches(":focus-visible") &&
      !target.matches(TEXT_FIELDS)
    ) {
      suppressed = target;
      suppressed.classList.add("is-quiet");
    }
  });
}
