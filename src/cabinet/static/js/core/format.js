/* Sizes, times and durations as people say them; web/formats.py says them the same way. */

import { language } from "./language.js";
import { countText, text } from "./texts.js";

const LARGEST_RANK = 6;
const decimal = new Intl.NumberFormat(language);

/** @type {(value: number) => string} */
export const number = (value) => decimal.format(value);

const percents = new Intl.NumberFormat(language, { style: "percent" });

/** Return a share of one as a whole number of percent.
    @type {(share: number) => string} */
export const percent = (share) => percents.format(share);

/** @type {(value: number) => number} */
const rounded = (value) => (value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value));

/** Return a number of bytes with a decimal unit; of a rate, whole bytes.
    @type {(count: number) => string} */
export function size(count) {
  const bytes = Math.round(count);
  if (bytes < 1000) {
    return exactSize(bytes);
  }
  let rank = 1;
  while (rounded(bytes / 1000 ** rank) >= 1000 && rank < LARGEST_RANK) {
    rank += 1;
  }
  return text(`size.${rank}`, { value: number(rounded(bytes / 1000 ** rank)) });
}

/** Return a number of bytes to the last of them.
    @type {(bytes: number) => string} */
export const exactSize = (bytes) => countText("size.0", bytes, { value: number(bytes) });

/** Return a number of seconds, to the two units that matter.
    @type {(seconds: number) => string} */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) {
    return text("time.hours", { hours: number(Math.floor(minutes / 60)), minutes: minutes % 60 });
  }
  if (minutes > 0) {
    return text("time.minutes", { minutes, seconds: whole % 60 });
  }
  return text("time.seconds", { seconds: whole });
}
