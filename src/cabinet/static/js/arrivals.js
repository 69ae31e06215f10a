/* Shows in the list what has arrived, soon and not for each file by itself. */

import { refresh } from "./list.js";
import { warn } from "./toasts.js";

// A page is fetched anew each time, so a thousand small files are shown in batches.
const EVERY_MS = 2_000;

export class Arrivals {
  /** `entryOf(path)` is the path of the entry on the page that holds `path`, null when none does. */
  constructor(queue, entryOf) {
    this.entryOf = entryOf;
    this.arrived = new Set();
    this.timer = 0;
    queue.addEventListener("stored", ({ detail }) => {
      this.arrived.add(detail.stored.path);
      this.timer ||= setTimeout(() => this.show(), EVERY_MS);
    });
    queue.addEventListener("settled", () => this.show());
  }

  async show() {
    clearTimeout(this.timer);
    this.timer = 0;
    const paths = [...this.arrived];
    const entries = new Set(paths.map(this.entryOf).filter((path) => path !== null));
    this.arrived.clear();
    if (entries.size) {
      await refresh(entries).catch((failure) => this.putOff(paths, failure));
    }
  }

  /** Keep what could not be shown for the next time; without a line that is when it is back. */
  putOff(paths, failure) {
    paths.forEach((path) => this.arrived.add(path));
    if (failure.status === 0) {
      window.addEventListener("online", () => this.show(), { once: true });
    } else {
      warn(failure.message);
    }
  }
}
