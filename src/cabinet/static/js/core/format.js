/* Sizes, times and durations in readable form, the same as in web/formats.py. */

import { language } from "./language.js";
import { countText, text } from "./texts.js";

const LARGEST_RANK = 6;
const decimal = new Intl.NumberFormat(language);

/** @type {(value: number) => string} */
export const number = (value) => decimal.format(value);

const percents = new Intl.NumberFormat(language, { style: "percent" });

/** Return a fraction as whole percent.
    @type {(share: number) => string} */
export const percent = (share) => percents.format(share);

/** @type {(value: number) => number} */
const rounded = (value) => (value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value));

/** Return a size in bytes with a decimal unit; fractions of a byte are rounded.
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

/** Return a size in bytes, exact.
    @type {(bytes: number) => string} */
export const exactSize = (bytes) => countText("size.0", bytes, { value: number(bytes) });

/** Return a duration in seconds, in its two largest units.
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
