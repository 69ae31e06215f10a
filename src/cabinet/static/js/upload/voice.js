/* What is said of uploads to those who listen: that they begin, and each quarter of the way.

   Rule: speaks of all of them together, and not faster than anybody could listen; what they wait for and how
   they end is said by upload/panel.js. */

import { number, percent } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { announce } from "../ui/toasts.js";

const QUARTERS = 4;
// What comes sooner after the last words would only take their place.
const PAUSE_MS = 1_000;
// Of thousands of small files each change is told, and each sum goes through all of them.
const SUMMED_EVERY_MS = 100;

/** @import { Queue } from "./queue.js" */
/** @import { Totals } from "./totals.js" */

/** Speak of what `queue` does.
    @type {(queue: Queue) => void} */
export function bindUploadVoice(queue) {
  // Quarters of the way that were said or passed over; null while nothing is under way.
  /** @type {number | null} */
  let reached = null;
  let spokeAt = -Infinity;
  let summedAt = -Infinity;

  /** @type {(words: string) => void} */
  const speak = (words) => {
    announce(words);
    spokeAt = queue.now();
  };
  /** @type {(totals: Totals) => void} */
  const begin = ({ count }) => {
    reached = 0;
    speak(countText("uploading", count, { count: number(count) }));
  };
  const go = () => {
    const now = queue.now();
    if (now - spokeAt < PAUSE_MS || now - summedAt < SUMMED_EVERY_MS) {
      return;
    }
    summedAt = now;
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
    } else if (queue.tasks.some((task) => task.isOnTheLine)) {
      begin(queue.totals());
    }
  });
  queue.addEventListener("settled", () => {
    reached = null;
  });
}
