/* The content hash as the page computes it: the one that everybody else computes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { known, load, settled } from "./support/load.js";

const { BLOCK_BYTES, hashOfBlock } = await load("upload/content-hash.js");

// What other tools say of so many zeros, and the server of other bytes.
const { zeros, patterned } = known("hashes");

// What the worker hears and says, as a page does and hears it.
const listeners = [];
const answers = new Map();
globalThis.addEventListener = (_, listen) => listeners.push(listen);
globalThis.postMessage = ({ id, hash }) => answers.set(id, hash);
await load("upload/hash-worker.js");
const post = (data) => listeners.forEach((listen) => listen({ data }));

async function answerTo(id) {
  while (!answers.has(id)) {
    await settled();
  }
  return answers.get(id);
}

let last = 0;

function ask(file) {
  last += 1;
  post({ id: last, file });
  return last;
}

/** Bytes that differ from block to block. */
const content = (size) => Uint8Array.from({ length: size }, (_, index) => index % 251);

describe("the worker", () => {
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

  it("answers with null for a file that cannot be read, and goes on with the next", async () => {
    const unreadable = { size: 1, slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) };

    const [first, second] = [ask(unreadable), ask(new Blob(["b"]))];

    assert.equal(await answerTo(first), null);
    assert.match(await answerTo(second), /^[0-9a-f]{64}$/);
  });

  it("is not held up by a file that nobody waits for any more", async () => {
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

describe("a content of one block", () => {
  for (const [size, hash] of [...zeros, ...patterned].filter(([bytes]) => bytes <= BLOCK_BYTES)) {
    it(`of ${size} bytes is hashed as by the worker`, async () => {
      const isZeros = zeros.some(([, other]) => other === hash);
      const bytes = isZeros ? new Uint8Array(size) : content(size);

      assert.equal(await hashOfBlock(bytes.buffer), hash);
    });
  }
});
