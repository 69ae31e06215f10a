/* The ring round what has the focus, for those who go by keys.

   Rule: shows less than the browser would, never more. WebKit rings whatever a script gives the focus to, even
   where a pointer has led there; Chromium and Firefox do not. */

// What one types into shows that it has the focus, however it came by it.
const TYPING = 'input:not([type="checkbox"], [type="radio"]), textarea, [contenteditable]';

let isPointing = false;
/** @type {Element | null} */
let quiet = null;

/** Show the ring again that was held back. */
function release() {
  quiet?.classList.remove("is-quiet");
  quiet = null;
}

/** Hold back the ring of what a pointer has led the focus to. */
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
      !target.matches(TYPING)
    ) {
      quiet = target;
      quiet.classList.add("is-quiet");
    }
  });
}
