/* A text, code and markup too, as it is written; a long one in parts.

   Rule: text nodes only; no byte of it is ever parsed. */

import { copyOf, part, parts } from "../core/dom.js";
import { number, size } from "../core/format.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { decode, guess } from "./encodings.js";
import { fetchPart } from "./text-parts.js";
import { showInstead, Unshowable } from "./trouble.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Place } from "./preview.js" */
/** @import { Part } from "./text-parts.js" */

class TextView {
  /** @param {Entry} entry
      @param {Place} place */
  constructor(entry, { stage, tools, signal }) {
    this.entry = entry;
    this.stage = stage;
    this.signal = signal;
    /** @type {Part | null} */
    this.part = null;
    this.wanted = 0;
    // What was found out, and what somebody chose instead.
    /** @type {string | null} */
    this.guessed = "ascii";
    this.chosen = "";
    this.total = entry.size;
    this.chooser = copyOf("preview-encoding");
    this.select = part(this.chooser, "select", HTMLSelectElement);
    this.select.addEventListener("change", () => {
      this.chosen = this.select.value;
      this.draw();
    });
    tools.append(this.chooser);
  }

  /** Show the part `index`, from its beginning or at its end; a later request overtakes this one.
      @type {(index: number, isAtEnd?: boolean) => Promise<void>} */
  async go(index, isAtEnd = false) {
    this.wanted = index;
    const fetched = await fetchPart(this.entry, index, this.total);
    this.signal.throwIfAborted();
    if (this.wanted !== index) {
      return;
    }
    this.part = fetched;
    this.total = fetched.total;
    this.draw();
    this.stage.scrollTop = isAtEnd ? this.stage.scrollHeight : 0;
  }

  /** Return the encoding of the part: as chosen, else as guessed of the first that is more than ASCII.
      @type {(shown: Part) => string | null} */
  encoding(shown) {
    if (this.guessed === "ascii" || this.guessed === null) {
      this.guessed = guess(shown.lines(null), !shown.isLast);
    }
    return this.chosen || this.guessed;
  }

  draw() {
    const { entry, stage, part: fetched } = this;
    if (!fetched) {
      return;
    }
    const encoding = this.encoding(fetched);
    this.tellEncoding();
    stage.dataset.kind = encoding === null ? "none" : "text";
    if (encoding === null) {
      showInstead(stage, entry, text("preview-none"));
      return;
    }
    const shown = document.createElement("pre");
    shown.className = "preview-text";
    shown.dir = "auto";
    shown.textContent = decode(fetched.lines(encoding), encoding, !fetched.isLast);
    stage.replaceChildren(...(fetched.count > 1 ? [this.bar(fetched), shown] : [shown]));
  }

  tellEncoding() {
    const [automatic] = this.select.options;
    const known = this.guessed === "ascii" ? "utf-8" : this.guessed;
    const name = [...this.select.options].find(({ value }) => value === known)?.textContent;
    automatic.textContent = name ? text("preview-guessed", { name }) : text("preview-unguessed");
  }

  /** Return the bar that leads from part to part.
      @type {(fetched: Part) => HTMLElement} */
  bar(fetched) {
    const bar = copyOf("preview-parts");
    part(bar, "[role=status]").textContent = text("preview-part", {
      index: number(fetched.index + 1),
      count: number(fetched.count),
      whole: size(fetched.total),
    });
    const { index, count } = fetched;
    /** @type {Record<string, number>} */
    const targets = { first: 0, previous: index - 1, next: index + 1, last: count - 1 };
    for (const button of parts(bar, "button", HTMLButtonElement)) {
      const { to = "" } = button.dataset;
      const isBack = to === "first" || to === "previous";
      button.disabled = isBack ? fetched.isFirst : fetched.isLast;
      button.addEventListener("click", () => this.turn(targets[to], to));
    }
    return bar;
  }

  /** Go to another part, and leave the focus on what led there.
      @type {(index: number, to: string) => Promise<void>} */
  async turn(index, to) {
    try {
      await this.go(index, to === "previous" || to === "last");
    } catch (failure) {
      if (!this.signal.aborted) {
        warn(failure.message);
      }
      return;
    }
    const [same] = parts(this.stage, `[data-to="${to}"]`, HTMLButtonElement);
    (same?.disabled ? this.stage : same)?.focus({ preventScroll: true });
  }
}

/** Show a text.
    @type {(entry: Entry, place: Place) => Promise<void>} */
export async function show(entry, place) {
  if (entry.size === 0) {
    throw new Unshowable(text("preview-empty"));
  }
  await new TextView(entry, place).go(0);
}
