/* What is said of uploads to those who listen. */

import assert from "node:assert/strict";
import { it } from "node:test";

import { load } from "./support/load.js";

/** Return what is said of an upload of which `steps` tell the milliseconds and the share that has left. */
async function saidOf(steps) {
  const said = [];
  const { bindUploadVoice } = await load("upload/voice.js", {
    stubs: { "ui/toasts.js": { announce: (words) => said.push(words) } },
  });
  const queue = Object.assign(new EventTarget(), { tasks: [{ isOnTheLine: true }], now: () => queue.at });
  queue.totals = () => ({ count: 2, size: 1000, sent: queue.share * 1000 });
  bindUploadVoice(queue);
  for (const [at, share] of steps) {
    Object.assign(queue, { at, share });
    queue.dispatchEvent(new Event("change"));
  }
  queue.dispatchEvent(new Event("settled"));
  queue.dispatchEvent(new Event("change"));
  return said;
}

const cases = {
  "at each quarter of a slow one": [
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
  "not faster than one listens": [
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
  "once for a quarter, though there is more on the way": [
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
  it(`is that it begins, and how far it is ${name}`, async () => {
    const begun = "Uploading 2 files";

    assert.deepEqual(await saidOf(steps), [begun, ...shares.map((share) => `${share} uploaded`), begun]);
  });
}
