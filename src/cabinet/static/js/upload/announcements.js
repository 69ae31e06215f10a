/* Announces uploads to screen readers: the start, and each quarter of the progress.

   Rule: one announcement for all uploads together, with pauses in between; upload/panel.js announces waits and the
   end. */

import { number, percent } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { announce } from "../ui/toasts.js";

const QUARTERS = 4;
// A message that follows sooner would interrupt the previous one.
const MIN_PAUSE_MS = 1_000;
// With thousands of small files, computing the totals at every change would be slow.
const TOTALS_INTERVAL_MS = 100;

/** @import { Queue } from "./queue.js" */
/** @import { Totals } from "./totals.js" */

/** Announce the progress of `queue`.
    @type {(queue: Queue) => void} */
export function bindAnnouncements(queue) {
  // The last announced or skipped quarter; null while nothing is being uploaded.
  /** @type {number | null} */
  let reached = null;
  let announcedAt = -Infinity;
  let totalsAt = -Infinity;

  /** @type {(words: string) => void} */
  const speak = (words) => {
    announce(words);
    announcedAt = queue.now();
  };
  /** @type {(totals: Totals) => void} */
  const begin = ({ count }) => {
    reached = 0;
    speak(countText("uploading", count, { count: number(count) }));
  };
  const go = () => {
    const now = queue.now();
    if (now - announcedAt < MIN_PAUSE_MS || now - totalsAt < TOTALS_INTERVAL_MS) {
      return;
    }
    totalsAt = now;
    const { size, sent } = queue.totals();
    const quarter = size ? Math.floor((sent / size) * QUARTERS) : 0;
    if (reached !== null && quarter > reached && quarter < QUARTERS) {
      reached = quarter;
      speak(text("upload-share", { share: percent(quarter / QUARTERS) }));
    }
  };

  queue.addEventListener("change", () => {
    if (reached !== null) {
      go();
    } else if (queue.tasks.some((task) => task.isActive)) {
      begin(queue.totals());
    }
  });
  queue.addEventListener("settled", () => {
    reached = null;
  });
}
