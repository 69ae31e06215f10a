/* The upload speed, smoothed for display. */

// The time constant of the smoothing.
const SMOOTHING_SECONDS = 3;
// Shorter intervals reflect timer precision rather than speed.
const STEP_SECONDS = 0.25;

/** Bytes per second, exponentially smoothed; times are in milliseconds. */
export class Speed {
  /** @param {number} now */
  constructor(now) {
    this.at = now;
    this.bytes = 0;
    this.perSecond = 0;
  }

  /** Skip the time up to `now`, in which nothing was to be sent.
      @type {(now: number) => void} */
  skip(now) {
    this.at = now;
    this.bytes = 0;
  }

  /** @type {(bytes: number, now: number) => void} */
  add(bytes, now) {
    this.bytes += bytes;
    const seconds = (now - this.at) / 1000;
    if (seconds >= STEP_SECONDS) {
      const weight = this.perSecond ? 1 - Math.exp(-seconds / SMOOTHING_SECONDS) : 1;
      this.perSecond += weight * (this.bytes / seconds - this.perSecond);
      this.at = now;
      this.bytes = 0;
    }
  }
}
