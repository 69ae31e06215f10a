/* Shows uploaded files in the list.

   Rule: the whole list is compared each time, so many small files are shown in batches. */

import { retry } from "../core/retry.js";
import { warn } from "../ui/toasts.js";
import { refresh } from "./list.js";
import { isNavigating } from "./navigation.js";

/** @import { ObstacleOf } from "../core/retry.js" */

const EVERY_MS = 2_000;

export class Arrivals {
  /** `entryOf(path)` is the path of the entry of the open list that contains `path`, null if none does.
      @param {EventTarget} queue
      @param {(path: string) => string | null} entryOf
      @param {ObstacleOf} obstacleOf */
  constructor(queue, entryOf, obstacleOf) {
    this.entryOf = entryOf;
    this.obstacleOf = obstacleOf;
    /** @type {Set<string>} */
    this.stored = new Set();
    this.timer = 0;
    queue.addEventListener("stored", (event) => {
      this.stored.add(/** @type {CustomEvent} */ (event).detail.stored.path);
      this.timer ||= setTimeout(() => this.show(), EVERY_MS);
    });
    queue.addEventListener("settled", () => this.show());
  }

  async show() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (isNavigating()) {
      // The page that is being fetched may not have them yet.
      this.timer = setTimeout(() => this.show(), EVERY_MS);
      return;
    }
    const paths = [...this.stored];
    this.stored.clear();
    await retry(
      () => this.update(paths),
      this.obstacleOf,
      () => {},
    ).catch((failure) => warn(failure.message));
  }

  /** Show those files at `paths` that belong to the open list.
      @type {(paths: string[]) => Promise<void>} */
  async update(paths) {
    const entries = paths.flatMap((path) => this.entryOf(path) ?? []);
    if (entries.length) {
      await refresh(entries);
    }
  }
}
