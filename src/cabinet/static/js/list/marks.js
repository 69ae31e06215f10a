/* How selected rows look: their boxes, and their highlight.

   Rule: a change touches only the rows that it changes; of very many, first those in view, and the others in
   small steps, so the page stays responsive. */

import { parts } from "../core/dom.js";
import { keyOf } from "./rows.js";

// As many rows as are drawn in no noticeable time on a slow machine.
const AT_ONCE = 200;

/** @type {(row: HTMLElement) => HTMLInputElement | null} */
const boxOf = (row) => row.querySelector(".check input");

export class Marks {
  #list;
  #rowOf;
  #isSelected;
  /** The keys of rows that have yet to be drawn.
      @type {string[]} */
  #pending = [];
  #timer = 0;

  /** @param {HTMLElement} list
      @param {(key: string) => HTMLElement | undefined} rowOf
      @param {(key: string) => boolean} isSelected */
  constructor(list, rowOf, isSelected) {
    this.#list = list;
    this.#rowOf = rowOf;
    this.#isSelected = isSelected;
  }

  /** Draw one row as it is now.
      @type {(key: string) => void} */
  draw(key) {
    const row = this.#rowOf(key);
    const box = row && boxOf(row);
    if (row && box) {
      box.checked = this.#isSelected(key);
      row.classList.toggle("is-chosen", box.checked);
    }
  }

  /** Draw the rows whose keys have changed, before those that still wait.
      @type {(changed: string[]) => void} */
  show(changed) {
    const isChanged = new Set(changed.length > AT_ONCE ? changed : []);
    const first = isChanged.size ? this.#inView().filter((key) => isChanged.has(key)) : [];
    first.forEach((key) => this.draw(key));
    this.#pending = changed.concat(this.#pending);
    this.#drawSome(first.length ? 0 : AT_ONCE);
  }

  /** Draw all rows that still wait. */
  finish() {
    this.#drawSome(Infinity);
  }

  /** Forget the rows that still wait: the list is another one. */
  forget() {
    this.#pending = [];
  }

  /** Draw `count` of the rows that wait, and the rest soon.
      @type {(count: number) => void} */
  #drawSome(count) {
    this.#pending.splice(0, count).forEach((key) => this.draw(key));
    if (this.#pending.length) {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#drawSome(AT_ONCE));
    }
  }

  /** Return the keys of the rows in the groups that the browser draws now. */
  #inView() {
    const groups = parts(this.#list, "#rows > *");
    const drawn = groups.filter(({ firstElementChild: row }) =>
      row?.checkVisibility({ contentVisibilityAuto: true }),
    );
    return drawn.flatMap((group) => Array.from(group.children, keyOf));
  }
}
