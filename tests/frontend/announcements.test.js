/* Announcements of uploads to screen readers. */

import assert from "node:assert/strict";
import { it } from "node:test";

import { fake, load } from "./support/load.js";

/** Return the announcements of an upload; `steps` are pairs of milliseconds and the sent share.
    @type {(steps: [number, number][]) => Promise<string[]>} */
async function saidOf(steps) {
  /** @type {string[]} */
  const said = [];
  const { bindAnnouncements } = await load("upload/announcements.js", {
    stubs: { "ui/toasts.js": { announce: (/** @type {string} */ words) => said.push(words) } },
  });
  const progress = { at: 0, share: 0 };
  const queue = fake(
    Object.assign(new EventTarget(), {
      tasks: [{ isActive: true }],
      now: () => progress.at,
      totals: () => ({ count: 2, size: 1000, sent: progress.share * 1000 }),
    }),
  );
  bindAnnouncements(queue);
  for (const [at, share] of steps) {
    Object.assign(progress, { at, share });
    queue.dispatchEvent(new Event("change"));
  }
  queue.dispatchEvent(new Event("settled"));
  queue.dispatchEvent(new Event("change"));
  return said;
}

/** @type {Record<string, [[number, number][], string[]]>} */
const cases = {
  "of a slow upload": [
    [
      [0, 0],
      [2000, 0.2],
      [2100, 0.25],
      [5000, 0.3],
      [9000, 0.5],
      [11000, 0.8],
    ],
    ["25%", "50%", "75%"],
  ],
  "with pauses in between": [
    [
      [0, 0],
      [100, 0.3],
      [900, 0.6],
      [1000, 0.6],
      [1100, 0.8],
      [1200, 1],
    ],
    ["50%"],
  ],
  "once, even if more files are added": [
    [
      [0, 0],
      [5000, 0.3],
      [9000, 0.1],
      [15000, 0.3],
      [20000, 1],
    ],
    ["25%"],
  ],
};

for (const [name, [steps, shares]] of Object.entries(cases)) {
  it(`announces the start and each quarter ${name}`, async () => {
    const begun = "Uploading 2 files";

    assert.deepEqual(await saidOf(steps), [begun, ...shares.map((share) => `${share} uploaded`), begun]);
  });
}
