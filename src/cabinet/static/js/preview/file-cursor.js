/* The position among the files of the list during a preview.

   Rule: skips folders. The list may change meanwhile, so it is read each time. */

import { appendMore, model } from "../list/list.js";
import { entryOf } from "../list/rows.js";

/** @import { Entry } from "../list/rows.js" */

const files = () => model.rows.filter(({ kind }) => kind === "file");
const hasMore = () => model.more !== null;

export class FileCursor {
  #path = "";
  #index = 0;
  #isLoading = false;

  /** Move to the file at `path`; one that has left the list keeps its index, an unknown one has -1.
      @type {(path: string) => void} */
  moveTo(path) {
    const found = files().findIndex((row) => row.key === path);
    const hasLeft = found < 0 && path === this.#path;
    this.#index = hasLeft ? this.#index : found;
    this.#path = path;
  }

  /** The index of the file, the number of loaded files, and whether there are more. */
  get position() {
    return { index: this.#index, count: files().length, hasMore: hasMore() };
  }

  /** Return the entry `by` files further, loading more of the list if necessary; null at its end.
      @type {(by: number) => Promise<Entry | null>} */
  async next(by) {
    const at = files().findIndex((row) => row.key === this.#path);
    // The next file has moved up to the index of one that has left the list.
    const instead = by > 0 ? this.#index : this.#index + by;
    const wanted = at < 0 ? instead : at + by;
    if (this.#isLoading || wanted < 0) {
      return null;
    }
    if (!files()[wanted] && hasMore()) {
      await this.#load();
    }
    const row = files()[wanted];
    return row ? entryOf(row.element) : null;
  }

  /** Return the entry `by` files further if it is loaded.
      @type {(by: number) => Entry | null} */
  peek(by) {
    const row = files()[this.#index + by];
    return row ? entryOf(row.element) : null;
  }

  /** Load the next page of the list; a failure counts as its end. */
  async #load() {
    this.#isLoading = true;
    await appendMore().catch(() => null);
    this.#isLoading = false;
  }
}
