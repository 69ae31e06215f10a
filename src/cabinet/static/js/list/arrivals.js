/* Shows in the list what has arrived, soon and not for each file by itself. */

import { persist } from "../core/retry.js";
import { warn } from "../ui/toasts.js";
import { isMoving } from "./navigation.js";
import { refresh } from "./refresh.js";

/** @import { ObstacleOf } from "../core/retry.js" */

// The whole list is compared each time, so a thousand small files are shown in batches.
const EVERY_MS = 2_000;

export class Arrivals {
  /** `entryOf(path)` is the path of the entry on the page that holds `path`, null when none does.
      @param {EventTarget} queue
      @param {(path: string) => string | null} entryOf
      @param {ObstacleOf} obstacleOf */
  constructor(queue, entryOf, obstacleOf) {
    this.entryOf = entryOf;
    this.obstacleOf = obstacleOf;
    /** @type {Set<string>} */
    this.arrived = new Set();
    this.timer = 0;
    queue.addEventListener("stored", (event) => {
      this.arrived.add(/** @type {CustomEvent} */ (event).detail.stored.path);
      this.timer ||= setTimeout(() => this.show(), EVERY_MS);
    });
    queue.addEventListener("settled", () => this.show());
  }

  async show() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (isMoving()) {
      // The page that is on its way may be of before they arrived.
      this.timer = setTimeout(() => this.show(), EVERY_MS);
      return;
    }
    const paths = [...this.arrived];
    this.arrived.clear();
    await persist(
      () => this.bring(paths),
      this.obstacleOf,
      () => {},
    ).catch((failure) => warn(failure.message));
  }

  /** Show what has arrived at `paths`, as far as the list that is open has a place for it.
      @type {(paths: string[]) => Promise<void>} */
  async bring(paths) {
    const entries = paths.map(this.entryOf).flatMap((path) => path ?? []);
    if (entries.length) {
      await refresh(entries);
    }
  }
}
