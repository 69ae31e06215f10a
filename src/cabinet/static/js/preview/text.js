/* A text, code and markup too, as it is written; a long one in parts.

   Rule: text nodes only; no byte of it is ever parsed. */

import { number, size } from "../core/format.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { decode, guess } from "./encodings.js";
import { fetchPart } from "./text-parts.js";
import { showInstead, Unshowable } from "./trouble.js";

const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

class TextView {
  constructor(entry, { stage, tools, signal }) {
    this.entry = entry;
    this.stage = stage;
    this.signal = signal;
    this.part = null;
    // What was found out, and what somebody chose instead.
    this.guessed = "ascii";
    this.chosen = "";
    this.total = entry.size;
    this.chooser = copyOf("preview-encoding");
    this.select = this.chooser.querySelector("select");
    this.select.addEventListener("change", () => {
      this.chosen = this.select.value;
      this.draw();
    });
    tools.append(this.chooser);
  }

  /** Show the part `index`, from its beginning or at its end; a later request overtakes this one. */
  async go(index, isAtEnd = false) {
    this.wanted = index;
    const part = await fetchPart(this.entry, index, this.total);
    this.signal.throwIfAborted();
    if (this.wanted !== index) {
      return;
    }
    this.part = part;
    this.total = part.total;
    this.draw();
    this.stage.scrollTop = isAtEnd ? this.stage.scrollHeight : 0;
  }

  /** Return the encoding of the part: as chosen, else as guessed of the first that is more than ASCII. */
  encoding() {
    if (this.guessed === "ascii" || this.guessed === null) {
      this.guessed = guess(this.part.lines(null), !this.part.isLast);
    }
    return this.chosen || this.guessed;
  }

  draw() {
    const { entry, stage, part } = this;
    const encoding = this.encoding();
    this.tellEncoding();
    stage.dataset.kind = encoding === null ? "none" : "text";
    if (encoding === null) {
      showInstead(stage, entry, text("preview-none"));
      return;
    }
    const shown = document.createElement("pre");
    shown.className = "preview-text";
    shown.dir = "auto";
    shown.textContent = decode(part.lines(encoding), encoding, !part.isLast);
    stage.replaceChildren(...(part.count > 1 ? [this.bar(), shown] : [shown]));
  }

  tellEncoding() {
    const [automatic] = this.select.options;
    const known = this.guessed === "ascii" ? "utf-8" : this.guessed;
    const name = [...this.select.options].find(({ value }) => value === known)?.textContent;
    automatic.textContent = name ? text("preview-guessed", { name }) : text("preview-unguessed");
  }

  /** Return the bar that leads from part to part. */
  bar() {
    const { part } = this;
    const bar = copyOf("preview-parts");
    bar.querySelector("[role=status]").textContent = text("preview-part", {
      index: number(part.index + 1),
      count: number(part.count),
      whole: size(part.total),
    });
    const targets = { first: 0, previous: part.index - 1, next: part.index + 1, last: part.count - 1 };
    for (const button of bar.querySelectorAll("button")) {
      const { to } = button.dataset;
      const isBack = to === "first" || to === "previous";
      button.disabled = isBack ? part.isFirst : part.isLast;
      button.addEventListener("click", () => this.turn(targets[to], to));
    }
    return bar;
  }

  /** Go to another part, and leave the focus on what led there. */
  async turn(index, to) {
    try {
      await this.go(index, to === "previous" || to === "last");
    } catch (failure) {
      if (!this.signal.aborted) {
        warn(failure.message);
      }
      return;
    }
    const same = this.stage.querySelector(`[data-to="${to}"]`);
    (same?.disabled ? this.stage : same)?.focus({ preventScroll: true });
  }
}

/** Show a text. */
export async function show(entry, place) {
  if (entry.size === 0) {
    throw new Unshowable(text("preview-empty"));
  }
  await new TextView(entry, place).go(0);
}
