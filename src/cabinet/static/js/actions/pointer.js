/* What a mouse, a pen or a finger does in the list.

   A click on a row chooses it, a second one opens it; its name opens at once. A finger opens by a tap,
   or chooses while something is chosen, and a long press brings the menu and does nothing else.

   Rule: one listener for the whole list, however many rows it has. */

import { focusOn, rowOf } from "../list/focus.js";
import { entryOf, keyOf } from "../list/list.js";
import { tell } from "../ui/errors.js";
import { HAS_POPOVERS } from "../ui/popovers.js";
import { contextOf, perform } from "./perform.js";
import { actionsFor } from "./table.js";

const LONG_PRESS_MS = 500;
// A finger that lies still moves a little, too.
const STILL_PX = 10;

// What a click means something to by itself.
const CONTROLS = "a, button, input, label, select, textarea, video, audio";

// What a long press means something to, too.
const TEXT_FIELDS = "input:not([type=checkbox]), textarea";

const isPlain = ({ ctrlKey, metaKey, shiftKey, altKey }) => !(ctrlKey || metaKey || shiftKey || altKey);

export class Pointer {
  #selection;
  #timer = 0;
  #start = null;
  // Whether the last press has brought the menu: what it ends with is no click, wherever that lands.
  #hasOpened = false;
  // A click tells what made it in newer browsers only.
  #pointerType = "";

  constructor(list, selection) {
    this.#selection = selection;
    const on = (type, handle) =>
      list.addEventListener(type, (event) => handle.call(this, event, rowOf(event.target)));
    on("click", this.#click);
    on("dblclick", this.#open);
    on("mousedown", this.#keepText);
    on("contextmenu", this.#contextMenu);
    on("pointerdown", this.#down);
    for (const type of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
      document.addEventListener(type, (event) => this.#moveOn(event), { passive: true, capture: true });
    }
    // The menu may have come up below the finger, or the list have gone from below it.
    document.addEventListener("touchend", (event) => this.#lift(event), { passive: false, capture: true });
    document.addEventListener("click", (event) => this.#swallow(event), { capture: true });
    // A new press, wherever: what it ends with is a click again.
    document.addEventListener("pointerdown", (event) => this.#begin(event), { capture: true });
  }

  #click(event, row) {
    const { target } = event;
    if (!row || event.defaultPrevented) {
      return;
    }
    if (target.closest(".row-menu")) {
      event.preventDefault();
      this.#menu(row, { anchor: target.closest(".row-menu") });
    } else if (target.closest(".name[href]")) {
      this.#preview(event, row);
    } else if (target.matches(".check input") && event.shiftKey) {
      // The range decides about this box, and not the click.
      event.preventDefault();
      setTimeout(() => this.#selection.extendTo(keyOf(row)));
    } else if (!target.closest(CONTROLS)) {
      this.#choose(event, row);
    }
  }

  /** A file opens in the preview; where there is none for it, and with keys held, a link is a link. */
  #preview(event, row) {
    const entry = entryOf(row);
    const { place } = contextOf(this.#selection);
    const action = actionsFor(place, [entry]).find(({ id }) => id === "preview");
    if (action && isPlain(event)) {
      event.preventDefault();
      perform(action, [entry], contextOf(this.#selection, event.target.closest(".name")));
    }
  }

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

  #open(event, row) {
    if (row && !event.target.closest(CONTROLS)) {
      row.querySelector(".name[href]")?.click();
    }
  }

  /** Neither a range nor a double click is meant for the text in the rows. */
  #keepText(event, row) {
    if (row && !event.target.closest(CONTROLS) && (event.shiftKey || event.detail > 1)) {
      event.preventDefault();
    }
  }

  /** With Shift the browser's own menu comes, and where there can be no other. */
  #contextMenu(event, row) {
    if (!row || event.shiftKey || !HAS_POPOVERS || event.target.closest(TEXT_FIELDS)) {
      return;
    }
    event.preventDefault();
    if (!this.#hasOpened) {
      clearTimeout(this.#timer);
      this.#hasOpened = event.pointerType === "touch";
      this.#menu(row, { point: { x: event.clientX, y: event.clientY }, isHeld: this.#hasOpened });
    }
  }

  #begin({ pointerType, isPrimary }) {
    clearTimeout(this.#timer);
    if (!isPrimary) {
      // Another finger, while the first still lies there.
      return;
    }
    this.#hasOpened = false;
    this.#pointerType = pointerType;
  }

  #down(event, row) {
    if (row && event.pointerType === "touch" && event.isPrimary && !event.target.closest(TEXT_FIELDS)) {
      const { clientX: x, clientY: y } = event;
      this.#start = { x, y };
      this.#timer = setTimeout(() => {
        this.#hasOpened = true;
        this.#menu(row, { point: { x, y }, isHeld: true });
      }, LONG_PRESS_MS);
    }
  }

  #moveOn({ type, clientX, clientY }) {
    const isStill =
      type === "pointermove" &&
      (!this.#start || Math.hypot(clientX - this.#start.x, clientY - this.#start.y) < STILL_PX);
    if (!isStill) {
      clearTimeout(this.#timer);
    }
  }

  /** Have the browser make nothing of the end of a long press: no click, no focus, no press of a mouse. */
  #lift(event) {
    if (this.#hasOpened && event.cancelable) {
      event.preventDefault();
    }
  }

  /** Some browsers click all the same. Keys and scripts click without a count. */
  #swallow(event) {
    if (this.#hasOpened && event.detail > 0) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #menu(row, where) {
    import("./row-menu.js").then(({ openMenu }) => openMenu(row, this.#selection, where)).catch(tell);
  }
}
