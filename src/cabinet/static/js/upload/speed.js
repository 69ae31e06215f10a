/* How fast bytes leave, smoothed so that the number can be read. */

// The speed shown is smoothed over about this long.
const SMOOTHING_SECONDS = 3;
// Counts closer together than this say more about the clock than about the line.
const STEP_SECONDS = 0.25;

/** Bytes a second, smoothed exponentially; times are in milliseconds. */
export class Speed {
  /** @param {number} now */
  constructor(now) {
    this.at = now;
    this.bytes = 0;
    this.perSecond = 0;
  }

  /** Leave out the time up to `now`, in which nothing was to be sent.
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
