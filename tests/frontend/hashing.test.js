/* The content hash of the page equals that of the server and of rclone. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { known, load, settled } from "./support/load.js";

const { BLOCK_BYTES, hashOfBlock } = await load("upload/content-hash.js");

// The hashes of zeros by other tools, and of other bytes by the server.
/** @type {{ zeros: [number, string][], patterned: [number, string][] }} */
const { zeros, patterned } = known("hashes");

// The messages to and from the worker, as in a page.
/** @type {((message: { data: object }) => void)[]} */
const listeners = [];
/** @type {Map<number, string | null>} */
const answers = new Map();
Object.assign(globalThis, {
  addEventListener: (/** @type {string} */ _, /** @type {typeof listeners[number]} */ listen) =>
    listeners.push(listen),
  postMessage: (/** @type {{ id: number, hash: string | null }} */ { id, hash }) => answers.set(id, hash),
});
await load("upload/hash-worker.js");
/** @type {(data: object) => void} */
const post = (data) => listeners.forEach((listen) => listen({ data }));

/** @type {(id: number) => Promise<string | null>} */
async function answerTo(id) {
  while (!answers.has(id)) {
    await settled();
  }
  return answers.get(id) ?? null;
}

let last = 0;

/** @type {(file: object) => number} */
function ask(file) {
  last += 1;
  post({ id: last, file });
  return last;
}

/** Bytes that differ from block to block.
    @type {(size: number) => Uint8Array<ArrayBuffer>} */
const content = (size) => Uint8Array.from({ length: size }, (_, index) => index % 251);

describe("the hash worker", () => {
  for (const [size, hash] of zeros) {
    it(`hashes ${size} zeros as rclone does for Dropbox`, async () => {
      assert.equal(await answerTo(ask(new Blob([new Uint8Array(size)]))), hash);
    });
  }

  for (const [size, hash] of patterned) {
    it(`hashes ${size} bytes as the server does`, async () => {
      assert.equal(await answerTo(ask(new Blob([content(size)]))), hash);
    });
  }

  it("answers null for an unreadable file and continues with the next", async () => {
    const unreadable = { size: 1, slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) };

    const [first, second] = [ask(unreadable), ask(new Blob(["b"]))];

    assert.equal(await answerTo(first), null);
    assert.match(String(await answerTo(second)), /^[0-9a-f]{64}$/);
  });

  it("skips a cancelled file", async () => {
    let read = 0;
    const slice = () => ({
      async arrayBuffer() {
        read += 1;
        await settled();
        return new ArrayBuffer(8);
      },
    });
    const first = ask({ size: 1000 * BLOCK_BYTES, slice });
    const second = ask(new Blob(["b"]));

    post({ id: first });
    await answerTo(second);

    assert.ok(read < 5, `${read} blocks of it were read`);
    assert.equal(answers.has(first), false);
  });
});

describe("content of one block", () => {
  for (const [size, hash] of [...zeros, ...patterned].filter(([bytes]) => bytes <= BLOCK_BYTES)) {
    it(`of ${size} bytes has the same hash as in the worker`, async () => {
      const isZeros = zeros.some(([, other]) => other === hash);
      const bytes = isZeros ? new Uint8Array(size) : content(size);

      assert.equal(await hashOfBlock(bytes.buffer), hash);
    });
  }
});
