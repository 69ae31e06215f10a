/* Text files, including code and markup, as source text; a long one in parts.

   Rule: text nodes only; nothing is parsed as markup. */

import { copyOf, part, parts } from "../core/dom.js";
import { number, size } from "../core/format.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { decode, guess } from "./encodings.js";
import { PreviewError, showFallback } from "./fallback.js";
import { fetchPart } from "./text-parts.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Place } from "./viewers.js" */
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
    // The detected encoding; the user's choice overrides it.
    /** @type {string | null} */
    this.detected = "ascii";
    this.selectedEncoding = "";
    this.total = entry.size;
    this.chooser = copyOf("preview-encoding");
    this.select = part(this.chooser, "select", HTMLSelectElement);
    this.select.addEventListener("change", () => {
      this.selectedEncoding = this.select.value;
      this.draw();
    });
    tools.append(this.chooser);
  }

  /** Show part `index` from its beginning or end; a later call supersedes this one.
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

  /** Return the encoding: the user's choice, else the one detected in the first part with non-ASCII characters.
      @type {(shown: Part) => string | null} */
  encoding(shown) {
    if (this.detected === "ascii" || this.detected === null) {
      this.detected = guess(shown.lines(null), !shown.isLast);
    }
    return this.selectedEncoding || this.detected;
  }

  draw() {
    const { entry, stage, part: fetched } = this;
    if (!fetched) {
      return;
    }
    const encoding = this.encoding(fetched);
    this.showEncoding();
    stage.dataset.kind = encoding === null ? "none" : "text";
    if (encoding === null) {
      showFallback(stage, entry, text("preview-none"));
      return;
    }
    const shown = document.createElement("pre");
    shown.className = "preview-text";
    shown.dir = "auto";
    shown.textContent = decode(fetched.lines(encoding), encoding, !fetched.isLast);
    stage.replaceChildren(...(fetched.count > 1 ? [this.bar(fetched), shown] : [shown]));
  }

  showEncoding() {
    const [automatic] = this.select.options;
    const known = this.detected === "ascii" ? "utf-8" : this.detected;
    const name = [...this.select.options].find(({ value }) => value === known)?.textContent;
    automatic.textContent = name ? text("preview-guessed", { name }) : text("preview-unguessed");
  }

  /** Return the navigation bar for the parts.
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

  /** Show another part, and keep the focus on the button.
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
    throw new PreviewError(text("preview-empty"));
  }
  await new TextView(entry, place).go(0);
}
