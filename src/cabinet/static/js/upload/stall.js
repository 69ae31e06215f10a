/* Detects stalled requests: a connection can be lost without an error on either side. */

// Longer than a phone needs to switch networks, shorter than the server's timeout of one minute.
const SENDING_MS = 30_000;
// While the browser is offline it may still reach a server on the same machine, but at once.
const OFFLINE_MS = 3_000;
// Everything is sent, but a buffering proxy may still have to forward it.
const STORING_MS = 180_000;

export class StallWatch {
  /** `stalled()` is called once when there was no progress for too long.
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

  /** Restart the timer after progress; `isAll` means that everything is sent.
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
