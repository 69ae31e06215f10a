/* Mouse, pen and touch in the list.

   A click on a row selects it, a double click opens it; a click on the name opens at once. A tap opens, or toggles
   while there is a selection; a long press opens the menu and does nothing else.

   Rule: one listener for the whole list, however many rows it has. */

import { around, parts } from "../core/dom.js";
import { focusOn, rowOf } from "../list/focus.js";
import { entryOf, keyOf } from "../list/rows.js";
import { showError } from "../ui/errors.js";
import { HAS_POPOVERS } from "../ui/popovers.js";
import { contextOf, perform } from "./perform.js";
import { actionsFor } from "./table.js";

/** @import { Selection } from "../list/selection.js" */

/** Where the menu opens (actions/row-menu.js).
    @typedef {{ point?: { x: number, y: number } | null, anchor?: HTMLElement | null, isHeld?: boolean }} Where */

const LONG_PRESS_MS = 500;
// A resting finger moves a little.
const MAX_MOVEMENT_PX = 10;

// Elements with a click behavior of their own.
const CONTROLS = "a, button, input, label, select, textarea, video, audio";

// Elements with a long-press behavior of their own.
const TEXT_FIELDS = "input:not([type=checkbox]), textarea";

/** @type {(event: MouseEvent) => boolean} */
const isPlain = ({ ctrlKey, metaKey, shiftKey, altKey }) => !(ctrlKey || metaKey || shiftKey || altKey);

export class Pointer {
  #selection;
  #timer = 0;
  /** @type {{ x: number, y: number } | null} */
  #start = null;
  // Whether the current press has opened the menu; then its end is no click, wherever it lands.
  #hasOpened = false;
  // Only newer browsers report the pointer type in click events.
  #pointerType = "";

  /** @param {HTMLElement} list
      @param {Selection} selection */
  constructor(list, selection) {
    this.#selection = selection;
    list.addEventListener("click", (event) => this.#click(event, rowOf(event.target)));
    list.addEventListener("dblclick", (event) => this.#open(event, rowOf(event.target)));
    list.addEventListener("mousedown", (event) => this.#preventTextSelection(event, rowOf(event.target)));
    list.addEventListener("contextmenu", (event) => this.#contextMenu(event, rowOf(event.target)));
    list.addEventListener("pointerdown", (event) => this.#down(event, rowOf(event.target)));
    for (const type of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
      document.addEventListener(type, (event) => this.#pointerMove(event), { passive: true, capture: true });
    }
    // On the document, because the menu may be under the finger now, or the list may have been replaced.
    document.addEventListener("touchend", (event) => this.#touchEnd(event), {
      passive: false,
      capture: true,
    });
    document.addEventListener("click", (event) => this.#suppressClick(event), { capture: true });
    // A new press, wherever it is: clicks count again.
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
      // The range selection sets this checkbox, not the click.
      event.preventDefault();
      setTimeout(() => this.#selection.extendTo(keyOf(row)));
    } else if (!around(event, CONTROLS)) {
      this.#select(event, row);
    }
  }

  /** Open a file in the preview; without a preview for it, or with modifier keys, follow the link.
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
  #select(event, row) {
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

  /** Keep a range selection or a double click from selecting text.
      @type {(event: MouseEvent, row: HTMLElement | null) => void} */
  #preventTextSelection(event, row) {
    if (row && !around(event, CONTROLS) && (event.shiftKey || event.detail > 1)) {
      event.preventDefault();
    }
  }

  /** Open the menu; with Shift, or without popovers, leave it to the browser.
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
      // A second finger.
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
  #pointerMove(event) {
    const isStill =
      event instanceof PointerEvent &&
      event.type === "pointermove" &&
      (!this.#start ||
        Math.hypot(event.clientX - this.#start.x, event.clientY - this.#start.y) < MAX_MOVEMENT_PX);
    if (!isStill) {
      clearTimeout(this.#timer);
    }
  }

  /** Suppress the browser's default for the end of a long press: click, focus and mouse events.
      @type {(event: TouchEvent) => void} */
  #touchEnd(event) {
    if (this.#hasOpened && event.cancelable) {
      event.preventDefault();
    }
  }

  /** Suppress the click that some browsers fire all the same. Clicks by keyboard and scripts have `detail` 0.
      @type {(event: MouseEvent) => void} */
  #suppressClick(event) {
    if (this.#hasOpened && event.detail > 0) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** @type {(row: HTMLElement, where: Where) => void} */
  #menu(row, where) {
    import("./row-menu.js").then(({ openMenu }) => openMenu(row, this.#selection, where)).catch(showError);
  }
}
