/* Which rows are chosen.

   A row is known by its path, in the trash by its id: two things of one path may lie there. The
   boxes in the rows are what the form posts, so they always say the same as this.

   Rule: a change touches only the rows that it changes, however long the list is. */

import { entryOf } from "./list.js";

const BOX = '#rows .check input[type="checkbox"]';

/** Return what a row is known by here. */
export const keyOf = (row) => row.dataset.trashId ?? row.dataset.path;

export class Selection extends EventTarget {
  #list;
  #chosen = new Set();
  #items = null;
  // Where a range starts, and the keys that the last one took in.
  #anchor = null;
  #range = [];

  /** `list` is the element that holds the rows and says `listchange` when there are others. */
  constructor(list) {
    super();
    this.#list = list;
    list.addEventListener("change", ({ target }) => {
      if (target.matches(BOX)) {
        this.toggle(keyOf(target.closest("[data-path]")), target.checked);
      }
    });
    list.addEventListener("listchange", () => this.#renew());
    // Whoever comes back finds the boxes as they left them, but only once the page is there.
    window.addEventListener("pageshow", () => this.#adopt());
    this.#adopt();
  }

  /** How many are chosen. */
  get size() {
    return this.#chosen.size;
  }

  /** What the chosen ones are known by, in the order of the list. */
  get paths() {
    return [...this.#all.keys()].filter((key) => this.#chosen.has(key));
  }

  /** The chosen entries, in the order of the list. */
  get entries() {
    return this.paths.map((key) => entryOf(this.#all.get(key).row));
  }

  /** How many bytes the chosen files have; folders have none of their own. */
  get bytes() {
    let sum = 0;
    for (const key of this.#chosen) {
      sum += Number(this.#all.get(key)?.row.dataset.size ?? 0);
    }
    return sum;
  }

  /** How many rows could be chosen: those that are loaded. */
  get limit() {
    return this.#all.size;
  }

  has(path) {
    return this.#chosen.has(path);
  }

  /** Choose just these. */
  set(paths) {
    this.#apply(new Set([...paths].filter((path) => this.#all.has(path))));
    this.startAt(this.#chosen.size === 1 ? [...this.#chosen][0] : null);
  }

  /** Choose one more or one less; the next range starts here. */
  toggle(path, isChosen = !this.has(path)) {
    const next = new Set(this.#chosen);
    if (isChosen) {
      next.add(path);
    } else {
      next.delete(path);
    }
    this.#apply(next);
    this.startAt(path);
  }

  /** Choose all from where the range starts (else from `from`, else the first row) to `path`, and let
      go what only the range before took in. */
  extendTo(path, from = null) {
    const keys = [...this.#all.keys()];
    if (!this.#all.has(this.#anchor)) {
      this.startAt(from ?? keys[0]);
    }
    const ends = [keys.indexOf(this.#anchor), keys.indexOf(path)];
    const range = keys.slice(Math.min(...ends), Math.max(...ends) + 1);
    const next = new Set(this.#chosen);
    this.#range.forEach((key) => next.delete(key));
    range.forEach((key) => next.add(key));
    this.#range = range;
    this.#apply(next);
  }

  /** Choose every row that is loaded. */
  selectAll() {
    this.#apply(new Set(this.#all.keys()));
    this.startAt(null);
  }

  clear() {
    this.set([]);
  }

  /** Let the next range start at `path`; null for wherever it will be. */
  startAt(path) {
    this.#anchor = path;
    this.#range = [];
  }

  /** Every row by its key; found once for each list. */
  get #all() {
    this.#items ??= new Map(
      Array.from(this.#list.querySelectorAll(BOX), (box) => {
        const row = box.closest("[data-path]");
        return [keyOf(row), { row, box }];
      }),
    );
    return this.#items;
  }

  #mark({ row, box }, isChosen) {
    box.checked = isChosen;
    row.classList.toggle("is-chosen", isChosen);
  }

  #apply(next) {
    const before = this.#chosen;
    const gone = [...before].filter((key) => !next.has(key));
    const come = [...next].filter((key) => !before.has(key));
    this.#chosen = next;
    gone.forEach((key) => this.#mark(this.#all.get(key), false));
    come.forEach((key) => this.#mark(this.#all.get(key), true));
    if (gone.length || come.length) {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Take over the boxes as they are. */
  #adopt() {
    const checked = [...this.#all].filter(([, { box }]) => box.checked).map(([key]) => key);
    this.#apply(new Set(checked));
  }

  /** Keep of the chosen ones what the list still has; its rows may be new ones. */
  #renew() {
    this.#items = null;
    const kept = [...this.#chosen].filter((key) => this.#all.has(key));
    for (const [key, item] of this.#all) {
      if (item.box.checked !== this.#chosen.has(key)) {
        this.#mark(item, this.#chosen.has(key));
      }
    }
    kept.forEach((key) => this.#all.get(key).row.classList.add("is-chosen"));
    const isFewer = kept.length < this.#chosen.size;
    this.#chosen = new Set(kept);
    if (isFewer) {
      this.dispatchEvent(new Event("change"));
    }
  }
}
