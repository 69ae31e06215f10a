/* Which rows are chosen.

   A row is known by its path, in the trash by its id: two things of one path may lie there. The
   boxes in the rows are what the form posts, so they always say the same as this.

   Everything in the place may be selected, loaded or not: then the rows that come later are selected,
   too, and what is taken out is remembered by its key. That ends when the place has another number of
   entries, for what has arrived was not selected.

   Rule: knows which; list/marks.js shows it. */

import { around, byId, parts } from "../core/dom.js";
import { nameOf } from "../core/paths.js";
import { KnownRows } from "./known-rows.js";
import { entryOf, keyOf, onListChange } from "./list.js";
import { Marks } from "./marks.js";
import { totals } from "./place-totals.js";

/** @import { Entry } from "./list.js" */

const BOX = "#rows .check input";

/** Return the path of the open folder, null in the trash.
    @type {() => string | null} */
function openFolder() {
  const { place, folder = "" } = byId("main").dataset;
  return place === "trash" ? null : folder;
}

/** Everything in a place: its folder, null for the trash, what is taken out of it, by names or ids, how much is
    left (null where nobody knows the bytes), and what selects it anew.
    @typedef {object} Everything
    @property {string | null} folder
    @property {string[]} except
    @property {number} count
    @property {number | null} bytes
    @property {() => unknown} again */

/** Entries that are loaded, of everything where that is selected.
    @typedef {Entry[] & { everything?: Everything }} Entries */

/** @type {(box: Element) => string} */
const keyOfBox = (box) => keyOf(/** @type {Element} */ (box.closest("[data-path]")));

export class Selection extends EventTarget {
  #list;
  /** @type {Set<string>} */
  #chosen = new Set();
  #known;
  #marks;
  // While everything is selected: the `total` of the place, its `folder`, and the keys that are taken `out`.
  /** @type {{ total: { count: number, size: number | null }, folder: string | null, out: Set<string> } | null} */
  #whole = null;
  // Where a range starts, and the keys that the last one took in.
  /** @type {string | null} */
  #anchor = null;
  /** @type {string[]} */
  #range = [];

  /** `list` is the element that holds the rows and says `listchange` when there are others.
      @param {HTMLElement} list */
  constructor(list) {
    super();
    this.#list = list;
    this.#known = new KnownRows(list);
    this.#marks = new Marks(
      list,
      (key) => this.#known.all.get(key),
      (key) => this.#chosen.has(key),
    );
    list.addEventListener("change", (event) => {
      const box = around(event, BOX, HTMLInputElement);
      if (box) {
        this.toggle(keyOfBox(box), box.checked);
      }
    });
    onListChange(list, ({ added }) => this.#renew(added));
    list.addEventListener("submit", () => this.#marks.finish(), { capture: true });
    // Whoever comes back finds the boxes as they left them, but only once the page is there.
    window.addEventListener("pageshow", () => this.#adopt());
    this.#adopt();
    this.#prepare();
  }

  /** How many are chosen. */
  get size() {
    return this.#whole ? this.#whole.total.count - this.#whole.out.size : this.#chosen.size;
  }

  /** Whether more is chosen than the rows that are loaded. */
  get isWhole() {
    return this.#whole !== null;
  }

  /** What the chosen ones are known by, in the order of the list. */
  get paths() {
    return this.#chosenInOrder.map(keyOf);
  }

  get #chosenInOrder() {
    return [...this.#known.all].flatMap(([key, row]) => (this.#chosen.has(key) ? row : []));
  }

  /** The chosen entries that are loaded, in the order of the list. If everything in the place is chosen,
      they have that as `everything` (actions/everything.js). */
  get entries() {
    /** @type {Entries} */
    const entries = this.#chosenInOrder.map(entryOf);
    if (this.#whole) {
      const { folder, out } = this.#whole;
      const except = folder === null ? [...out] : Array.from(out, nameOf);
      const again = () => folder === openFolder() && this.selectEverything(out);
      entries.everything = { folder, except, count: this.size, bytes: this.bytes, again };
    }
    return entries;
  }

  /** How many bytes the chosen entries have, a folder those of all in it, null where nobody knows. */
  get bytes() {
    if (!this.#whole) {
      return this.#known.bytesOf(this.#chosen);
    }
    const { total, out } = this.#whole;
    return total.size === null ? null : total.size - this.#known.bytesOf(out);
  }

  /** How many of the rows are chosen that are loaded. */
  get chosenRows() {
    return this.#chosen.size;
  }

  /** How many rows could be chosen: those that are loaded. */
  get limit() {
    return this.#known.all.size;
  }

  /** @type {(path: string) => boolean} */
  has(path) {
    return this.#chosen.has(path);
  }

  /** Choose just these.
      @type {(paths: Iterable<string>) => void} */
  set(paths) {
    const wasWhole = this.isWhole;
    this.#whole = null;
    this.#apply(new Set([...paths].filter((path) => this.#known.all.has(path))), { isTold: wasWhole });
    this.startAt(this.#chosen.size === 1 ? [...this.#chosen][0] : null);
  }

  /** Choose one more or one less; the next range starts here.
      @type {(path: string, isChosen?: boolean) => void} */
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
      go what only the range before took in.
      @type {(path: string, from?: string | null) => void} */
  extendTo(path, from = null) {
    const keys = [...this.#known.all.keys()];
    if (this.#anchor === null || !this.#known.all.has(this.#anchor)) {
      this.startAt(from ?? keys[0]);
    }
    const ends = [keys.indexOf(this.#anchor ?? keys[0]), keys.indexOf(path)];
    const next = new Set(this.#chosen);
    this.#range.forEach((key) => next.delete(key));
    const range = keys.slice(Math.min(...ends), Math.max(...ends) + 1);
    this.#range = range.filter((key) => !next.has(key));
    range.forEach((key) => next.add(key));
    this.#apply(next);
  }

  /** Choose every row that is loaded; those that are not, if they were chosen before. */
  selectAll() {
    this.#apply(new Set(this.#known.all.keys()));
    this.startAt(null);
  }

  /** Choose everything in the place, loaded or not, but the rows in `without`; raises `Failure`. */
  async selectEverything(without = new Set()) {
    const total = await totals();
    const out = new Set([...without].filter((key) => this.#known.all.has(key)));
    this.#whole = { total, folder: openFolder(), out };
    this.#apply(new Set([...this.#known.all.keys()].filter((key) => !out.has(key))), { isTold: true });
    this.startAt(null);
  }

  clear() {
    this.set([]);
  }

  /** Let the next range start at `path`; null for wherever it will be.
      @type {(path: string | null) => void} */
  startAt(path) {
    this.#anchor = path;
    this.#range = [];
  }

  /** @type {(next: Set<string>, how?: { isTold?: boolean }) => void} */
  #apply(next, { isTold = false } = {}) {
    const before = this.#chosen;
    if (this.#whole) {
      this.#known.mounts.forEach((key) => next.delete(key));
    }
    /** @type {(key: string) => boolean} */
    const isOther = (key) => before.has(key) !== next.has(key);
    const changed = [...before, ...next].filter(isOther);
    this.#chosen = next;
    const counted = changed.filter((key) => !this.#known.mounts.has(key));
    counted.forEach((key) => this.#whole?.out[next.has(key) ? "delete" : "add"](key));
    if (this.#whole && !this.size) {
      this.#whole = null;
    }
    this.#marks.show(changed);
    if (changed.length || isTold) {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Take over the boxes as they are. */
  #adopt() {
    const checked = parts(this.#list, `${BOX}:checked`, HTMLInputElement);
    this.#apply(new Set(checked.map(keyOfBox)));
  }

  /** Keep of the chosen ones what the list still has; its rows may be new ones.
      @type {(added: HTMLElement[] | null) => void} */
  #renew(added) {
    if (added && this.#known.areFound) {
      this.#known.add(added);
      this.#takeIn(added.map(keyOf));
      return;
    }
    const wasWhole = this.#whole;
    this.#whole = this.#isSame() ? wasWhole : null;
    this.#known.forget();
    this.#marks.forget();
    const before = this.#chosen;
    this.#chosen = new Set([...before].filter((key) => this.#known.all.has(key)));
    const marked = parts(this.#list, "#rows .is-chosen");
    for (const key of new Set([...this.#chosen, ...marked.map(keyOf)])) {
      this.#marks.draw(key);
    }
    this.#takeIn([...this.#known.all.keys()]);
    if (this.#chosen.size < before.size || this.#whole !== wasWhole) {
      this.dispatchEvent(new Event("change"));
    }
    this.#prepare();
  }

  /** Choose rows that are new to the list where everything is chosen.
      @type {(keys: string[]) => void} */
  #takeIn(keys) {
    const { out } = this.#whole ?? {};
    if (out) {
      this.#apply(new Set([...this.#chosen, ...keys.filter((key) => !out.has(key))]));
    }
  }

  /** Tell whether the place is the one of which everything is chosen, and has as many entries as then. */
  #isSame() {
    const { count } = document.getElementById("totals")?.dataset ?? {};
    return (
      this.#whole !== null && this.#whole.folder === openFolder() && Number(count) === this.#whole.total.count
    );
  }

  /** Get to know the rows while nobody waits for it. */
  #prepare() {
    (window.requestIdleCallback ?? setTimeout)(() => this.#known.all);
  }
}
