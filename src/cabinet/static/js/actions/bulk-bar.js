/* The bar that replaces the head of the list while rows are selected.

   Rule: its actions come from actions/table.js. The "select all" checkbox selects the loaded rows; if there are
   more, the bar offers to select those too. */

import { around, byId, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { focusList, focusOn } from "../list/focus.js";
import { model } from "../list/list.js";
import { totals } from "../list/place-totals.js";
import { showError } from "../ui/errors.js";
import { icon } from "../ui/icons.js";
import { announce } from "../ui/toasts.js";
import { contextOf, perform } from "./perform.js";
import { ACTIONS } from "./table.js";

/** @import { Selection } from "../list/selection.js" */
/** @import { Action } from "./table.js" */

// The selection is announced after a pause, not row by row.
const ANNOUNCE_DELAY_MS = 600;

/** @type {(name: string, words: string) => HTMLElement} */
function span(name, words) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = words;
  return made;
}

/** @type {(action: Action) => HTMLButtonElement} */
function buttonOf({ id, text: key, icon: drawing, isDanger }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = isDanger ? "btn btn-quiet btn-sm is-danger" : "btn btn-quiet btn-sm";
  button.dataset.action = id;
  button.title = text(key);
  // Only for shared folders; the width of the bar counts while it is not shown.
  button.hidden = id === "leave";
  button.append(icon(drawing), span("btn-word", text(key)));
  return button;
}

export class BulkBar {
  /** @param {HTMLElement} list
      @param {Selection} selection */
  constructor(list, selection) {
    this.list = list;
    this.selection = selection;
    this.timer = 0;
    // How much higher the bar is than the head that it covers, when it wraps.
    this.extraHeight = 0;
    this.watch = new ResizeObserver(([{ borderBoxSize }]) => this.offsetList(borderBoxSize[0].blockSize));
    selection.addEventListener("change", () => {
      this.draw();
      this.announceSoon();
    });
    list.addEventListener("listchange", () => this.attach());
    list.addEventListener("click", (event) => this.press(event));
    list.addEventListener("change", (event) => this.toggleAll(event));
    this.attach();
  }

  /** Attach to the bar of a new list. */
  attach() {
    // Keeps the browser from saving every checkbox of a long list with each history entry.
    const form = document.getElementById("selection");
    form?.setAttribute("autocomplete", "off");
    this.watch.disconnect();
    if (form) {
      this.watch.observe(form);
    }
    this.hasShared = Boolean(this.list.querySelector("#rows [data-role]"));
    this.renderActions();
    this.draw();
  }

  /** Show the actions for the selection. Where every entry is the user's own, they are always the same. */
  updateActions() {
    const entries = this.hasShared ? this.selection.entries : null;
    for (const button of parts(this.list, "#selection-actions [data-action]")) {
      const action = ACTIONS.find(({ id }) => id === button.dataset.action);
      button.hidden = entries ? !action?.isFor(entries) : button.dataset.action === "leave";
    }
  }

  /** Whether exactly the loaded rows are selected, although there are more. */
  get isCutShort() {
    const { size: count, loadedRows, isWhole } = this.selection;
    return !isWhole && count === loadedRows && model.more !== null;
  }

  /** Return a description of the selection. */
  describe() {
    const { size: count, bytes } = this.selection;
    const parts = [countText("chosen", count, { count: number(count) })];
    if (bytes) {
      parts.push(size(bytes));
    }
    return parts.join(" · ");
  }

  draw() {
    const { size: count, selectedRows, loadedRows } = this.selection;
    const all = document.getElementById("choose-all");
    if (all instanceof HTMLInputElement) {
      all.checked = selectedRows > 0 && selectedRows === loadedRows;
      all.indeterminate = count > 0 && !all.checked;
    }
    this.show(count > 0);
    if (count > 0) {
      this.updateActions();
      document.getElementById("selection-everything")?.remove();
      byId("selection-count").replaceChildren(
        span("selection-number", number(count)),
        span("selection-words", this.describe()),
        span("selection-note", this.isCutShort ? text("only-loaded") : ""),
      );
      if (this.isCutShort) {
        this.offerEverything().catch(showError);
      }
      const { bytes } = this.selection;
      byId("selection-count").title = bytes ? exactSize(bytes) : "";
    }
  }

  /** Show the bar or the head, and keep the focus.
      @type {(isNeeded: boolean) => void} */
  show(isNeeded) {
    // Not the form: accessing one of its properties searches all of its checkboxes by name.
    const bar = document.getElementById("selection-bar");
    const hadFocus = bar?.contains(document.activeElement);
    // Not a class on the list: the browser would recalculate the styles of every row.
    bar?.classList.toggle("is-shown", isNeeded);
    const [head] = parts(this.list, ".list-head");
    head?.classList.toggle("is-covered", isNeeded);
    if (head) {
      head.style.paddingBlockEnd = isNeeded && this.extraHeight ? `${this.extraHeight}px` : "";
    }
    if (hadFocus && !isNeeded) {
      focusList();
    }
  }

  /** Offset the list by the height of the bar in pixels.
      @type {(height: number) => void} */
  offsetList(height) {
    const line = parts(this.list, ".list-head > .list-row")[0]?.offsetHeight ?? height;
    this.extraHeight = Math.max(0, Math.ceil(height - line));
    this.show(this.selection.size > 0);
  }

  /** Add the actions of this place, which replace those that the server rendered for pages without scripts. Done in
      advance, because changing a form makes the browser go through all of its checkboxes. */
  renderActions() {
    const actions = document.getElementById("selection-actions");
    if (actions && !actions.querySelector("[data-action]")) {
      const { place } = contextOf(this.selection);
      const shown = ACTIONS.filter(({ isInBar, places }) => isInBar && places.includes(place));
      actions.replaceChildren(...shown.map(buttonOf));
    }
  }

  /** Offer to select the rows that are not loaded, except in search results, whose total is unknown. */
  async offerEverything() {
    if (contextOf(this.selection).place === "search") {
      return;
    }
    const { count } = await totals();
    const note = document.querySelector("#selection-count .selection-note");
    if (!this.isCutShort || !note || document.getElementById("selection-everything")) {
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.id = "selection-everything";
    button.className = "btn btn-quiet btn-sm selection-everything";
    button.textContent = countText("select-all", count, { count: number(count) });
    byId("selection-count").after(button);
  }

  /** @type {(event: Event) => void} */
  press(event) {
    const button = around(event, "#selection button");
    const action = ACTIONS.find(({ id }) => id === button?.dataset.action);
    if (action) {
      const { entries } = this.selection;
      const last = entries.at(-1)?.row;
      if (action.takesAway && last) {
        // The bar disappears with the entries; from the last of them the focus goes to the next row.
        focusOn(last, { preventScroll: true });
      }
      perform(action, entries, contextOf(this.selection, button));
    } else if (button?.id === "selection-clear") {
      this.selection.clear();
    } else if (button?.id === "selection-everything") {
      this.selection.selectEverything().catch(showError);
      // The button disappears with the offer.
      focusList();
    }
  }

  /** @type {(event: Event) => void} */
  toggleAll(event) {
    const all = around(event, "#choose-all", HTMLInputElement);
    if (all?.checked) {
      this.selection.selectAll();
    } else if (all) {
      this.selection.clear();
    }
  }

  announceSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const note = this.isCutShort && this.selection.size ? [text("only-loaded")] : [];
      announce(this.selection.size ? [this.describe(), ...note].join(". ") : text("none-chosen"));
    }, ANNOUNCE_DELAY_MS);
  }
}
