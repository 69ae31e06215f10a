/* The marks of the chosen rows: their boxes, and what shows that they are chosen.

   Rule: a change touches only the rows that it changes; of very many first those in sight, and the others bit
   by bit, so that nobody waits for what they do not see. */

import { parts } from "../core/dom.js";
import { keyOf } from "./list.js";

// Rows that are marked without anybody noticing how long it takes, also on a slow machine.
const AT_ONCE = 200;

/** @type {(row: HTMLElement) => HTMLInputElement | null} */
const boxOf = (row) => row.querySelector(".check input");

export class Marks {
  #list;
  #rowOf;
  #isChosen;
  /** The keys of what has to be marked yet.
      @type {string[]} */
  #pending = [];
  #timer = 0;

  /** @param {HTMLElement} list
      @param {(key: string) => HTMLElement | undefined} rowOf
      @param {(key: string) => boolean} isChosen */
  constructor(list, rowOf, isChosen) {
    this.#list = list;
    this.#rowOf = rowOf;
    this.#isChosen = isChosen;
  }

  /** Mark one row as it is now.
      @type {(key: string) => void} */
  draw(key) {
    const row = this.#rowOf(key);
    const box = row && boxOf(row);
    if (row && box) {
      box.checked = this.#isChosen(key);
      row.classList.toggle("is-chosen", box.checked);
    }
  }

  /** Mark the rows whose keys have changed, before those that still wait for it.
      @type {(changed: string[]) => void} */
  show(changed) {
    const isChanged = new Set(changed.length > AT_ONCE ? changed : []);
    const first = isChanged.size ? this.#inSight().filter((key) => isChanged.has(key)) : [];
    first.forEach((key) => this.draw(key));
    this.#pending = changed.concat(this.#pending);
    this.#drawSome(first.length ? 0 : AT_ONCE);
  }

  /** Mark all that has to be marked yet. */
  finish() {
    this.#drawSome(Infinity);
  }

  /** Leave what has not been marked yet: the rows are others. */
  forget() {
    this.#pending = [];
  }

  /** Mark `count` of what has to be marked, and the rest in a while.
      @type {(count: number) => void} */
  #drawSome(count) {
    this.#pending.splice(0, count).forEach((key) => this.draw(key));
    if (this.#pending.length) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#drawSome(AT_ONCE));
    }
  }

  /** Return the keys of the rows in the groups that the browser draws just now. */
  #inSight() {
    const groups = parts(this.#list, "#rows > *");
    const drawn = groups.filter(({ firstElementChild: row }) =>
      row?.checkVisibility({ contentVisibilityAuto: true }),
    );
    return drawn.flatMap((group) => Array.from(group.children, keyOf));
  }
}
