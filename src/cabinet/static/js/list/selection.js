/* Which rows are chosen.

   A row is known by its path, in the trash by its id: two things of one path may lie there. The
   boxes in the rows are what the form posts, so they always say the same as this.

   Everything in the place may be selected, loaded or not: then the rows that come later are selected,
   too, and what is taken out is remembered by its key. That ends when the place has another number of
   entries, for what has arrived was not selected.

   Rule: a change touches only the rows that it changes; of very many first those in sight, and the
   others bit by bit, so that nobody waits for what they do not see. */

import { nameOf } from "../core/paths.js";
import { entryOf, keyOf } from "./list.js";
import { totals } from "./place-totals.js";

const BOX = "#rows .check input";

// Rows that are marked without anybody noticing how long it takes, also on a slow machine.
const AT_ONCE = 200;

/** Return the path of the open folder, null in the trash. */
function openFolder() {
  const { place, folder } = document.getElementById("main").dataset;
  return place === "trash" ? null : folder;
}

const boxOf = (row) => row.querySelector(".check input");

export class Selection extends EventTarget {
  #list;
  #chosen = new Set();
  #rows = null;
  #sizes = new Map();
  // What has to be marked yet.
  #pending = [];
  #timer = 0;
  // While everything is selected: the `total` of the place, its `folder`, and the keys that are taken `out`.
  #whole = null;
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
    list.addEventListener("listchange", ({ detail }) => this.#renew(detail?.added));
    list.addEventListener("submit", () => this.#markSome(Infinity), { capture: true });
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
    return [...this.#all.keys()].filter((key) => this.#chosen.has(key));
  }

  /** The chosen entries that are loaded, in the order of the list. If everything in the place is chosen,
      they have that as `everything` (actions/everything.js). */
  get entries() {
    const entries = this.paths.map((key) => entryOf(this.#all.get(key)));
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
    const sum = (keys) => [...keys].reduce((bytes, key) => bytes + (this.#sizes.get(key) ?? 0), 0);
    const { total, out } = this.#whole ?? {};
    if (!total) {
      return sum(this.#chosen);
    }
    return total.size === null ? null : total.size - sum(out);
  }

  /** How many of the rows are chosen that are loaded. */
  get chosenRows() {
    return this.#chosen.size;
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
    const wasWhole = this.isWhole;
    this.#whole = null;
    this.#apply(new Set([...paths].filter((path) => this.#all.has(path))), { isTold: wasWhole });
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
    const next = new Set(this.#chosen);
    this.#range.forEach((key) => next.delete(key));
    const range = keys.slice(Math.min(...ends), Math.max(...ends) + 1);
    this.#range = range.filter((key) => !next.has(key));
    range.forEach((key) => next.add(key));
    this.#apply(next);
  }

  /** Choose every row that is loaded; those that are not, if they were chosen before. */
  selectAll() {
    this.#apply(new Set(this.#all.keys()));
    this.startAt(null);
  }

  /** Choose everything in the place, loaded or not, but the rows in `without`; raises `Failure`. */
  async selectEverything(without = new Set()) {
    const total = await totals();
    const out = new Set([...without].filter((key) => this.#all.has(key)));
    this.#whole = { total, folder: openFolder(), out };
    this.#apply(new Set([...this.#all.keys()].filter((key) => !out.has(key))), { isTold: true });
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

  /** Every row by its key; found once for each list, by the shortest way. */
  get #all() {
    if (!this.#rows) {
      this.#rows = new Map();
      for (const group of this.#list.querySelector("#rows")?.children ?? []) {
        this.#learn(group.children);
      }
    }
    return this.#rows;
  }

  #learn(rows) {
    for (const row of rows) {
      this.#rows.set(keyOf(row), row);
      this.#sizes.set(keyOf(row), Number(row.getAttribute("data-size")));
    }
  }

  #mark(key) {
    const row = this.#all.get(key);
    const isChosen = this.#chosen.has(key);
    if (!row) {
      return;
    }
    boxOf(row).checked = isChosen;
    row.classList.toggle("is-chosen", isChosen);
  }

  /** Mark `count` of what has to be marked, and the rest in a while. */
  #markSome(count) {
    this.#pending.splice(0, count).forEach((key) => this.#mark(key));
    if (this.#pending.length) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#markSome(AT_ONCE));
    }
  }

  /** Return the keys of the rows in the groups that the browser draws just now. */
  #inSight() {
    const groups = [...(this.#list.querySelector("#rows")?.children ?? [])];
    const drawn = groups.filter(({ firstElementChild: row }) =>
      row.checkVisibility({ contentVisibilityAuto: true }),
    );
    return drawn.flatMap((group) => Array.from(group.children, keyOf));
  }

  #apply(next, { isTold = false } = {}) {
    const before = this.#chosen;
    const isOther = (key) => before.has(key) !== next.has(key);
    const changed = [...before, ...next].filter(isOther);
    const first = changed.length > AT_ONCE ? this.#inSight().filter(isOther) : [];
    this.#chosen = next;
    changed.forEach((key) => this.#whole?.out[next.has(key) ? "delete" : "add"](key));
    if (this.#whole && !this.size) {
      this.#whole = null;
    }
    first.forEach((key) => this.#mark(key));
    this.#pending = changed.concat(this.#pending);
    this.#markSome(first.length ? 0 : AT_ONCE);
    if (changed.length || isTold) {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Take over the boxes as they are. */
  #adopt() {
    const checked = this.#list.querySelectorAll(`${BOX}:checked`);
    this.#apply(new Set(Array.from(checked, (box) => keyOf(box.closest("[data-path]")))));
  }

  /** Keep of the chosen ones what the list still has; its rows may be new ones. */
  #renew(added) {
    if (added && this.#rows) {
      this.#learn(added);
      this.#takeIn(added.map(keyOf));
      return;
    }
    const wasWhole = this.#whole;
    this.#whole = this.#isSame() ? wasWhole : null;
    this.#rows = null;
    this.#pending = [];
    const before = this.#chosen;
    this.#chosen = new Set([...before].filter((key) => this.#all.has(key)));
    const marked = this.#list.querySelectorAll("#rows .is-chosen");
    for (const key of new Set([...this.#chosen, ...Array.from(marked, keyOf)])) {
      this.#mark(key);
    }
    this.#takeIn([...this.#all.keys()]);
    if (this.#chosen.size < before.size || this.#whole !== wasWhole) {
      this.dispatchEvent(new Event("change"));
    }
    this.#prepare();
  }

  /** Choose rows that are new to the list where everything is chosen. */
  #takeIn(keys) {
    if (this.#whole) {
      this.#apply(new Set([...this.#chosen, ...keys.filter((key) => !this.#whole.out.has(key))]));
    }
  }

  /** Tell whether the place is the one of which everything is chosen, and has as many entries as then. */
  #isSame() {
    const { count } = document.getElementById("totals")?.dataset ?? {};
    return this.#whole?.folder === openFolder() && Number(count) === this.#whole.total.count;
  }

  /** Get to know the rows while nobody waits for it. */
  #prepare() {
    (window.requestIdleCallback ?? setTimeout)(() => this.#all);
  }
}
