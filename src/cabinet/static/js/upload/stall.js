/* Notices that nothing moves any more: a line can die without a word to either end. */

// Longer than a phone needs to change from one network to another, shorter than the minute after
// which the server gives up.
const SENDING_MS = 30_000;
// A browser without any network may still reach a server on the same machine, if it does so at once.
const OFFLINE_MS = 3_000;
// All is sent, but a proxy in between may have to pass it on first.
const STORING_MS = 180_000;

export class StallWatch {
  /** `stalled()` is called once when nothing has moved for too long.
      @param {() => void} stalled */
  constructor(stalled) {
    this.stalled = stalled;
    this.timer = 0;
    this.hurry = () => this.wait(OFFLINE_MS);
  }

  start() {
    window.addEventListener("offline", this.hurry);
    this.wait(SENDING_MS);
  }

  /** Note that something moved; `isAll` when nothing is left to be sent.
      @type {(isAll: boolean) => void} */
  moved(isAll) {
    if (this.timer) {
      this.wait(isAll ? STORING_MS : navigator.onLine ? SENDING_MS : OFFLINE_MS);
    }
  }

  stop() {
    window.removeEventListener("offline", this.hurry);
    clearTimeout(this.timer);
    this.timer = 0;
  }

  /** @type {(milliseconds: number) => void} */
  wait(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.stop();
      this.stalled();
    }, milliseconds);
  }
}
