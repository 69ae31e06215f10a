/* The bar that takes the place of the list's head while something is chosen.

   Rule: what it offers is in actions/table.js; the box over all boxes means the rows that are loaded, and
   where there are more the bar offers to select those, too. */

import { around, byId, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { focusList, focusOn } from "../list/focus.js";
import { totals } from "../list/place-totals.js";
import { tell } from "../ui/errors.js";
import { icon } from "../ui/icons.js";
import { announce } from "../ui/toasts.js";
import { contextOf, perform } from "./perform.js";
import { ACTIONS } from "./table.js";

/** @import { Selection } from "../list/selection.js" */
/** @import { Action } from "./table.js" */

// Who goes through many rows hears where they got to, and not each of them.
const SPOKEN_AFTER_MS = 600;

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
    // What the bar is higher than the head that it lies over, where its lines are more than one.
    this.rise = 0;
    this.watch = new ResizeObserver(([{ borderBoxSize }]) => this.makeWay(borderBoxSize[0].blockSize));
    selection.addEventListener("change", () => {
      this.draw();
      this.speakSoon();
    });
    list.addEventListener("listchange", () => this.renew());
    list.addEventListener("click", (event) => this.press(event));
    list.addEventListener("change", (event) => this.chooseAll(event));
    this.renew();
  }

  /** Take over the bar of a list that is new. */
  renew() {
    // Or the browser writes down every box of a long list whenever anything is put into its history.
    const form = document.getElementById("selection");
    form?.setAttribute("autocomplete", "off");
    this.watch.disconnect();
    if (form) {
      this.watch.observe(form);
    }
    this.hasShared = Boolean(this.list.querySelector("#rows [data-role]"));
    this.offer();
    this.draw();
  }

  /** Offer what can be done with what is chosen; where everything is one's own, that is always the same. */
  fit() {
    const entries = this.hasShared ? this.selection.entries : null;
    for (const button of parts(this.list, "#selection-actions [data-action]")) {
      const action = ACTIONS.find(({ id }) => id === button.dataset.action);
      button.hidden = entries ? !action?.isFor(entries) : button.dataset.action === "leave";
    }
  }

  /** Whether every row that is loaded is chosen and nothing else, though there are more. */
  get isCutShort() {
    const { size: count, limit, isWhole } = this.selection;
    return !isWhole && count === limit && Boolean(document.getElementById("more"));
  }

  /** What is chosen, in words. */
  describe() {
    const { size: count, bytes } = this.selection;
    const parts = [countText("chosen", count, { count: number(count) })];
    if (bytes) {
      parts.push(size(bytes));
    }
    return parts.join(" · ");
  }

  draw() {
    const { size: count, chosenRows, limit } = this.selection;
    const all = document.getElementById("choose-all");
    if (all instanceof HTMLInputElement) {
      all.checked = chosenRows > 0 && chosenRows === limit;
      all.indeterminate = count > 0 && !all.checked;
    }
    this.show(count > 0);
    if (count > 0) {
      this.fit();
      document.getElementById("selection-everything")?.remove();
      byId("selection-count").replaceChildren(
        span("selection-number", number(count)),
        span("selection-words", this.describe()),
        span("selection-note", this.isCutShort ? text("only-loaded") : ""),
      );
      if (this.isCutShort) {
        this.offerEverything().catch(tell);
      }
      const { bytes } = this.selection;
      byId("selection-count").title = bytes ? exactSize(bytes) : "";
    }
  }

  /** Show the bar or the head; the focus does not go with what goes.
      @type {(isNeeded: boolean) => void} */
  show(isNeeded) {
    // Not the form in it: whatever one asks of that, the browser first looks for a box of such a name.
    const bar = document.getElementById("selection-bar");
    const hadFocus = bar?.contains(document.activeElement);
    // Not on what holds them both: the browser would ask every row whether that concerns it.
    bar?.classList.toggle("is-shown", isNeeded);
    const [head] = parts(this.list, ".list-head");
    head?.classList.toggle("is-covered", isNeeded);
    if (head) {
      head.style.paddingBlockEnd = isNeeded && this.rise ? `${this.rise}px` : "";
    }
    if (hadFocus && !isNeeded) {
      focusList();
    }
  }

  /** Have the list begin below the bar, `height` pixels high.
      @type {(height: number) => void} */
  makeWay(height) {
    const line = parts(this.list, ".list-head > .list-row")[0]?.offsetHeight ?? height;
    this.rise = Math.max(0, Math.ceil(height - line));
    this.show(this.selection.size > 0);
  }

  /** Put the actions of this place in, where the server put what works without scripts: before anybody
      waits for the bar, for what is put into a form has the browser go through all of its boxes. */
  offer() {
    const actions = document.getElementById("selection-actions");
    if (actions && !actions.querySelector("[data-action]")) {
      const { place } = contextOf(this.selection);
      const shown = ACTIONS.filter(({ isInBar, places }) => isInBar && places.includes(place));
      actions.replaceChildren(...shown.map(buttonOf));
    }
  }

  /** Offer to select what is not loaded, too; of what a search finds nobody knows how much that is. */
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
        // The bar goes with them; from the last of them the focus finds the next row.
        focusOn(last, { preventScroll: true });
      }
      perform(action, entries, contextOf(this.selection, button));
    } else if (button?.id === "selection-clear") {
      this.selection.clear();
    } else if (button?.id === "selection-everything") {
      this.selection.selectEverything().catch(tell);
      // The button goes with the offer.
      focusList();
    }
  }

  /** @type {(event: Event) => void} */
  chooseAll(event) {
    const all = around(event, "#choose-all", HTMLInputElement);
    if (all?.checked) {
      this.selection.selectAll();
    } else if (all) {
      this.selection.clear();
    }
  }

  speakSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const note = this.isCutShort && this.selection.size ? [text("only-loaded")] : [];
      announce(this.selection.size ? [this.describe(), ...note].join(". ") : text("none-chosen"));
    }, SPOKEN_AFTER_MS);
  }
}
