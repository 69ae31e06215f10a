/* The way through the list while one looks at files: where one is, and what comes next.

   Rule: folders are no stations. The list may change meanwhile, so it is asked anew each time. */

import { entryOf, rows } from "../list/list.js";
import { appendMore } from "../list/more.js";

/** @import { Entry } from "../list/list.js" */

const files = () => rows().filter((row) => row.dataset.kind === "file");
const hasMore = () => document.getElementById("more") !== null;

export class Course {
  #path = "";
  #index = 0;
  #isLoading = false;

  /** Be at the file of `path`; one that has left the list keeps its number, one that was never in it has -1.
      @type {(path: string) => void} */
  stopAt(path) {
    const found = files().findIndex((row) => row.dataset.path === path);
    const hasLeft = found < 0 && path === this.#path;
    this.#index = hasLeft ? this.#index : found;
    this.#path = path;
  }

  /** Where one is, how many files are loaded, and whether there are more of them. */
  get place() {
    return { index: this.#index, count: files().length, hasMore: hasMore() };
  }

  /** Return the entry `by` files on, null at an end of the list, whose next page is loaded if need be.
      @type {(by: number) => Promise<Entry | null>} */
  async next(by) {
    const at = files().findIndex((row) => row.dataset.path === this.#path);
    // What has left the list has given its place away.
    const instead = by > 0 ? this.#index : this.#index + by;
    const wanted = at < 0 ? instead : at + by;
    if (this.#isLoading || wanted < 0) {
      return null;
    }
    if (!files()[wanted] && hasMore()) {
      await this.#load();
    }
    const row = files()[wanted];
    return row ? entryOf(row) : null;
  }

  /** Return the entry `by` files on if it is loaded.
      @type {(by: number) => Entry | null} */
  glimpse(by) {
    const row = files()[this.#index + by];
    return row ? entryOf(row) : null;
  }

  /** Have the list load its next page; what cannot be loaded is as if it were not there. */
  async #load() {
    this.#isLoading = true;
    await appendMore().catch(() => null);
    this.#isLoading = false;
  }
}
