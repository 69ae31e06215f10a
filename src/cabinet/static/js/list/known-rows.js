/* The rows of a list by their keys, with what a selection has to know of each.

   Rule: found once for each list, by the shortest way, and sizes of rows outlast the rows. */

import { parts } from "../core/dom.js";
import { keyOf, rowsOf } from "./list.js";

export class KnownRows {
  #list;
  /** @type {Map<string, HTMLElement> | null} */
  #rows = null;
  /** @type {Map<string, number>} */
  #sizes = new Map();
  /** The keys of folders that others shared: nothing in the place counts them, so they are never part of
      everything in it.
      @type {Set<string>} */
  mounts = new Set();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** Whether the rows have been found since the list is new. */
  get areFound() {
    return this.#rows !== null;
  }

  /** Every row by its key, in the order of the list. */
  get all() {
    if (!this.#rows) {
      this.#rows = new Map();
      this.mounts.clear();
      for (const group of parts(this.#list, "#rows > *")) {
        this.#learn(this.#rows, rowsOf(group));
      }
    }
    return this.#rows;
  }

  /** Take in rows that the list has got.
      @type {(rows: HTMLElement[]) => void} */
  add(rows) {
    this.#learn(this.all, rows);
  }

  /** Have the rows found anew: the list is another one. */
  forget() {
    this.#rows = null;
  }

  /** Return how many bytes entries have together.
      @type {(keys: Iterable<string>) => number} */
  bytesOf(keys) {
    return [...keys].reduce((bytes, key) => bytes + (this.#sizes.get(key) ?? 0), 0);
  }

  /** @type {(known: Map<string, HTMLElement>, rows: HTMLElement[]) => void} */
  #learn(known, rows) {
    for (const row of rows) {
      known.set(keyOf(row), row);
      this.#sizes.set(keyOf(row), Number(row.getAttribute("data-size")));
      if (row.hasAttribute("data-mount")) {
        this.mounts.add(keyOf(row));
      }
    }
  }
}
