/* What a mouse, a pen or a finger does in the list.

   A click on a row chooses it, a second one opens it; its name opens at once. A finger opens by a tap,
   or chooses while something is chosen, and a long press brings the menu and does nothing else.

   Rule: one listener for the whole list, however many rows it has. */

import { around, parts } from "../core/dom.js";
import { focusOn, rowOf } from "../list/focus.js";
import { entryOf, keyOf } from "../list/list.js";
import { tell } from "../ui/errors.js";
import { HAS_POPOVERS } from "../ui/popovers.js";
import { contextOf, perform } from "./perform.js";
import { actionsFor } from "./table.js";

/** @import { Selection } from "../list/selection.js" */

/** Where a menu comes up (actions/row-menu.js).
    @typedef {{ point?: { x: number, y: number } | null, anchor?: HTMLElement | null, isHeld?: boolean }} Where */

const LONG_PRESS_MS = 500;
// A finger that lies still moves a little, too.
const STILL_PX = 10;

// What a click means something to by itself.
const CONTROLS = "a, button, input, label, select, textarea, video, audio";

// What a long press means something to, too.
const TEXT_FIELDS = "input:not([type=checkbox]), textarea";

/** @type {(event: MouseEvent) => boolean} */
const isPlain = ({ ctrlKey, metaKey, shiftKey, altKey }) => !(ctrlKey || metaKey || shiftKey || altKey);

export class Pointer {
  #selection;
  #timer = 0;
  /** @type {{ x: number, y: number } | null} */
  #start = null;
  // Whether the last press has brought the menu: what it ends with is no click, wherever that lands.
  #hasOpened = false;
  // A click tells what made it in newer browsers only.
  #pointerType = "";

  /** @param {HTMLElement} list
      @param {Selection} selection */
  constructor(list, selection) {
    this.#selection = selection;
    list.addEventListener("click", (event) => this.#click(event, rowOf(event.target)));
    list.addEventListener("dblclick", (event) => this.#open(event, rowOf(event.target)));
    list.addEventListener("mousedown", (event) => this.#keepText(event, rowOf(event.target)));
    list.addEventListener("contextmenu", (event) => this.#contextMenu(event, rowOf(event.target)));
    list.addEventListener("pointerdown", (event) => this.#down(event, rowOf(event.target)));
    for (const type of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
      document.addEventListener(type, (event) => this.#moveOn(event), { passive: true, capture: true });
    }
    // The menu may have come up below the finger, or the list have gone from below it.
    document.addEventListener("touchend", (event) => this.#lift(event), { passive: false, capture: true });
    document.addEventListener("click", (event) => this.#swallow(event), { capture: true });
    // A new press, wherever: what it ends with is a click again.
    document.addEventListener("pointerdown", (event) => this.#begin(event), { capture: true });
  }

  /** @type {(event: MouseEvent, row: HTMLElement | null) => void} */
  #click(event, row) {
    const button = around(event, ".row-menu");
    if (!row || event.defaultPrevented) {
      return;
    }
    if (button) {
      event.preventDefault();
      this.#menu(row, { anchor: button });
    } else if (around(event, ".name[href]")) {
      this.#preview(event, row);
    } else if (around(event, ".check input") && event.shiftKey) {
      // The range decides about this box, and not the click.
      event.preventDefault();
      setTimeout(() => this.#selection.extendTo(keyOf(row)));
    } else if (!around(event, CONTROLS)) {
      this.#choose(event, row);
    }
  }

  /** A file opens in the preview; where there is none for it, and with keys held, a link is a link.
      @type {(event: MouseEvent, row: HTMLElement) => void} */
  #preview(event, row) {
    const entry = entryOf(row);
    const { place } = contextOf(this.#selection);
    const action = actionsFor(place, [entry]).find(({ id }) => id === "preview");
    if (action && isPlain(event)) {
      event.preventDefault();
      perform(action, [entry], contextOf(this.#selection, around(event, ".name")));
    }
  }

  /** @type {(event: MouseEvent, row: HTMLElement) => void} */
  #choose(event, row) {
    const key = keyOf(row);
    const selection = this.#selection;
    const isTouch = this.#pointerType === "touch";
    if (isTouch && !selection.size) {
      this.#open(event, row);
      return;
    }
    if (event.shiftKey) {
      selection.extendTo(key);
    } else if (event.ctrlKey || event.metaKey || isTouch) {
      selection.toggle(key);
    } else {
      selection.set([key]);
    }
    focusOn(row);
  }

  /** @type {(event: MouseEvent, row: HTMLElement | null) => void} */
  #open(event, row) {
    if (row && !around(event, CONTROLS)) {
      parts(row, ".name[href]")[0]?.click();
    }
  }

  /** Neither a range nor a double click is meant for the text in the rows.
      @type {(event: MouseEvent, row: HTMLElement | null) => void} */
  #keepText(event, row) {
    if (row && !around(event, CONTROLS) && (event.shiftKey || event.detail > 1)) {
      event.preventDefault();
    }
  }

  /** With Shift the browser's own menu comes, and where there can be no other.
      @type {(event: MouseEvent, row: HTMLElement | null) => void} */
  #contextMenu(event, row) {
    if (!row || event.shiftKey || !HAS_POPOVERS || around(event, TEXT_FIELDS)) {
      return;
    }
    event.preventDefault();
    if (!this.#hasOpened) {
      clearTimeout(this.#timer);
      this.#hasOpened = /** @type {PointerEvent} */ (event).pointerType === "touch";
      this.#menu(row, { point: { x: event.clientX, y: event.clientY }, isHeld: this.#hasOpened });
    }
  }

  /** @type {(event: PointerEvent) => void} */
  #begin({ pointerType, isPrimary }) {
    clearTimeout(this.#timer);
    if (!isPrimary) {
      // Another finger, while the first still lies there.
      return;
    }
    this.#hasOpened = false;
    this.#pointerType = pointerType;
  }

  /** @type {(event: PointerEvent, row: HTMLElement | null) => void} */
  #down(event, row) {
    if (row && event.pointerType === "touch" && event.isPrimary && !around(event, TEXT_FIELDS)) {
      const { clientX: x, clientY: y } = event;
      this.#start = { x, y };
      this.#timer = setTimeout(() => {
        this.#hasOpened = true;
        this.#menu(row, { point: { x, y }, isHeld: true });
      }, LONG_PRESS_MS);
    }
  }

  /** @type {(event: Event) => void} */
  #moveOn(event) {
    const isStill =
      event instanceof PointerEvent &&
      event.type === "pointermove" &&
      (!this.#start || Math.hypot(event.clientX - this.#start.x, event.clientY - this.#start.y) < STILL_PX);
    if (!isStill) {
      clearTimeout(this.#timer);
    }
  }

  /** Have the browser make nothing of the end of a long press: no click, no focus, no press of a mouse.
      @type {(event: TouchEvent) => void} */
  #lift(event) {
    if (this.#hasOpened && event.cancelable) {
      event.preventDefault();
    }
  }

  /** Some browsers click all the same. Keys and scripts click without a count.
      @type {(event: MouseEvent) => void} */
  #swallow(event) {
    if (this.#hasOpened && event.detail > 0) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** @type {(row: HTMLElement, where: Where) => void} */
  #menu(row, where) {
    import("./row-menu.js").then(({ openMenu }) => openMenu(row, this.#selection, where)).catch(tell);
  }
}
