/* Which rows are selected.

   A row is known by its key. The boxes in the rows are what the form posts, so they always agree with this.

   Everything in the place may be selected, loaded or not: then rows that are loaded later are selected too,
   and what is excluded is remembered by its key. That ends when the place has another number of entries, for
   what has arrived was not selected.

   Rule: knows which rows; list/marks.js draws it. */

import { around, parts } from "../core/dom.js";
import { nameOf } from "../core/paths.js";
import { onListChange } from "./events.js";
import { Marks } from "./marks.js";
import { totals } from "./place-totals.js";
import { entryOf, keyOf } from "./rows.js";

/** @import { model } from "./list.js" */
/** @import { Entry } from "./rows.js" */

const BOX = "#rows .check input";

/** Everything in a place: its folder (null for the trash), what is excluded, by names or in the trash by ids, how
    many entries that leaves and how many bytes (null if unknown), and what selects it again.
    @typedef {object} Everything
    @property {string | null} folder
    @property {string[]} except
    @property {number} count
    @property {number | null} bytes
    @property {() => unknown} again */

/** Loaded entries; with `everything` they stand for all in the place.
    @typedef {Entry[] & { everything?: Everything }} Entries */

/** @type {(box: Element) => string} */
const keyOfBox = (box) => keyOf(/** @type {Element} */ (box.closest("[data-path]")));

export class Selection extends EventTarget {
  #list;
  #model;
  /** The keys of selected rows.
      @type {Set<string>} */
  #selected = new Set();
  #marks;
  // While everything is selected: the `total` of the place, its `folder`, and the keys that are excluded, with
  // their sizes, for their rows may leave the list.
  /** @type {{ total: { count: number, size: number | null }, folder: string | null, excluded: Map<string, number> } | null} */
  #whole = null;
  // Where a range starts, and the keys that the last one added.
  /** @type {string | null} */
  #anchor = null;
  /** @type {string[]} */
  #range = [];

  /** @param {HTMLElement} list the element that holds the rows and announces `listchange`
      @param {Pick<typeof model, "rows" | "get" | "has" | "place" | "total">} shown its data */
  constructor(list, shown) {
    super();
    this.#list = list;
    this.#model = shown;
    this.#marks = new Marks(
      list,
      (key) => shown.get(key)?.element,
      (key) => this.#selected.has(key),
    );
    list.addEventListener("change", (event) => {
      const box = around(event, BOX, HTMLInputElement);
      if (box) {
        this.toggle(keyOfBox(box), box.checked);
      }
    });
    onListChange(list, ({ added }) => this.#update(added));
    list.addEventListener("submit", () => this.#marks.finish(), { capture: true });
    // The browser restores the boxes of a page that one comes back to, but only once it is loaded.
    window.addEventListener("pageshow", () => this.#readBoxes());
    this.#readBoxes();
  }

  /** How many are selected. */
  get size() {
    return this.#whole ? this.#whole.total.count - this.#whole.excluded.size : this.#selected.size;
  }

  /** Whether everything in the place is selected, loaded or not. */
  get isWhole() {
    return this.#whole !== null;
  }

  get #rows() {
    return this.#model.rows.filter(({ key }) => this.#selected.has(key));
  }

  /** The selected entries that are loaded, in the order of the list. If everything in the place is selected,
      they have that as `everything` (actions/everything.js). */
  get entries() {
    /** @type {Entries} */
    const entries = this.#rows.map(({ element }) => entryOf(element));
    if (this.#whole) {
      const { folder, excluded } = this.#whole;
      const keys = [...excluded.keys()];
      const except = folder === null ? keys : keys.map(nameOf);
      const again = () => folder === this.#model.place.folder && this.selectEverything(new Set(keys));
      entries.everything = { folder, except, count: this.size, bytes: this.bytes, again };
    }
    return entries;
  }

  /** How many bytes the selected entries have, a folder those of its content; null if unknown. */
  get bytes() {
    /** @type {(sizes: Iterable<number>) => number} */
    const sum = (sizes) => [...sizes].reduce((bytes, size) => bytes + size, 0);
    if (!this.#whole) {
      return sum(Array.from(this.#selected, (key) => this.#model.get(key)?.size ?? 0));
    }
    const { total, excluded } = this.#whole;
    return total.size === null ? null : total.size - sum(excluded.values());
  }

  /** How many of the loaded rows are selected. */
  get selectedRows() {
    return this.#selected.size;
  }

  /** How many rows are loaded. */
  get loadedRows() {
    return this.#model.rows.length;
  }

  /** Whether the row of a key is selected.
      @type {(key: string) => boolean} */
  has(key) {
    return this.#selected.has(key);
  }

  /** Select these rows and no others.
      @type {(keys: Iterable<string>) => void} */
  set(keys) {
    const wasWhole = this.isWhole;
    this.#whole = null;
    this.#apply(new Set([...keys].filter((key) => this.#model.has(key))), { isOther: wasWhole });
    this.startAt(this.#selected.size === 1 ? [...this.#selected][0] : null);
  }

  /** Select or deselect one row; the next range starts there.
      @type {(key: string, isSelected?: boolean) => void} */
  toggle(key, isSelected = !this.has(key)) {
    const next = new Set(this.#selected);
    if (isSelected) {
      next.add(key);
    } else {
      next.delete(key);
    }
    this.#apply(next);
    this.startAt(key);
  }

  /** Select all rows from the start of the range (else from `from`, else from the first) to `key`, and deselect
      what only the range before added.
      @type {(key: string, from?: string | null) => void} */
  extendTo(key, from = null) {
    const keys = this.#model.rows.map((row) => row.key);
    if (this.#anchor === null || !this.#model.has(this.#anchor)) {
      this.startAt(from ?? keys[0]);
    }
    const ends = [keys.indexOf(this.#anchor ?? keys[0]), keys.indexOf(key)];
    const next = new Set(this.#selected);
    this.#range.forEach((each) => next.delete(each));
    const range = keys.slice(Math.min(...ends), Math.max(...ends) + 1);
    this.#range = range.filter((each) => !next.has(each));
    range.forEach((each) => next.add(each));
    this.#apply(next);
  }

  /** Select every loaded row; with everything selected, also those that were excluded. */
  selectAll() {
    this.#apply(new Set(this.#model.rows.map(({ key }) => key)));
    this.startAt(null);
  }

  /** Select everything in the place, loaded or not, except rows with these keys; raises `Failure`.
      @type {(except?: Set<string>) => Promise<void>} */
  async selectEverything(except = new Set()) {
    const total = await totals();
    const { folder } = this.#model.place;
    const excluded = new Map(
      this.#model.rows.filter(({ key }) => except.has(key)).map(({ key, size }) => [key, size]),
    );
    this.#whole = { total, folder, excluded };
    const next = this.#model.rows.filter(({ key }) => !excluded.has(key));
    this.#apply(new Set(next.map(({ key }) => key)), { isOther: true });
    this.startAt(null);
  }

  clear() {
    this.set([]);
  }

  /** Let the next range start at a row; null for where it will be extended to.
      @type {(key: string | null) => void} */
  startAt(key) {
    this.#anchor = key;
    this.#range = [];
  }

  /** @type {(next: Set<string>, how?: { isOther?: boolean }) => void} */
  #apply(next, { isOther = false } = {}) {
    const before = this.#selected;
    /** @type {(key: string) => boolean} */
    const isCounted = (key) => !this.#model.get(key)?.isMount;
    if (this.#whole) {
      // The totals do not count what others shared, so that is no part of everything.
      [...next].filter((key) => !isCounted(key)).forEach((key) => next.delete(key));
    }
    const changed = [...before, ...next].filter((key) => before.has(key) !== next.has(key));
    this.#selected = next;
    for (const key of this.#whole ? changed.filter(isCounted) : []) {
      if (next.has(key)) {
        this.#whole?.excluded.delete(key);
      } else {
        this.#whole?.excluded.set(key, this.#model.get(key)?.size ?? 0);
      }
    }
    if (this.#whole && !this.size) {
      this.#whole = null;
    }
    this.#marks.show(changed);
    if (changed.length || isOther) {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Select the rows whose boxes are checked. */
  #readBoxes() {
    const checked = parts(this.#list, `${BOX}:checked`, HTMLInputElement);
    this.#apply(new Set(checked.map(keyOfBox)));
  }

  /** Keep what the list still has of the selection; its rows may be new ones.
      @type {(added: HTMLElement[] | null) => void} */
  #update(added) {
    if (added) {
      this.#selectLoaded(added.map(keyOf));
      return;
    }
    const wasWhole = this.#whole;
    this.#whole = this.#isSamePlace() ? wasWhole : null;
    this.#marks.forget();
    const before = this.#selected;
    this.#selected = new Set([...before].filter((key) => this.#model.has(key)));
    const marked = parts(this.#list, "#rows .is-chosen");
    for (const key of new Set([...this.#selected, ...marked.map(keyOf)])) {
      this.#marks.draw(key);
    }
    this.#selectLoaded(this.#model.rows.map(({ key }) => key));
    if (this.#selected.size < before.size || this.#whole !== wasWhole) {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Select rows that were loaded, if everything is selected.
      @type {(keys: string[]) => void} */
  #selectLoaded(keys) {
    const { excluded } = this.#whole ?? {};
    if (excluded) {
      this.#apply(new Set([...this.#selected, ...keys.filter((key) => !excluded.has(key))]));
    }
  }

  /** Whether the place is the one of which everything is selected, with as many entries as then. */
  #isSamePlace() {
    const { place, total } = this.#model;
    return this.#whole?.folder === place.folder && this.#whole?.total.count === total?.count;
  }
}
