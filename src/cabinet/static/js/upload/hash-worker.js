/* Computes content hashes in a worker.

   Receives `{id, file}` and answers `{id, hash}`, or `{id, hash: null}` if the file cannot be read; `{id}` alone
   cancels a request. */

import { BLOCK_BYTES, combine, DIGEST_BYTES, sha256 } from "./content-hash.js";

/** @type {Map<number, File>} */
const wanted = new Map();
let isBusy = false;

/** @type {(id: number, file: File) => Promise<string | null>} */
async function contentHash(id, file) {
  const digests = new Uint8Array(Math.ceil(file.size / BLOCK_BYTES) * DIGEST_BYTES);
  for (let block = 0; block * BLOCK_BYTES < file.size; block += 1) {
    const bytes = await file.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES).arrayBuffer();
    digests.set(await sha256(bytes), block * DIGEST_BYTES);
    if (!wanted.has(id)) {
      return null;
    }
  }
  return combine(digests);
}

/** Hash the requested files one at a time, so that a disk reads sequentially. */
async function work() {
  for (let next = wanted.entries().next(); !next.done; next = wanted.entries().next()) {
    const [id, file] = next.value;
    const hash = await contentHash(id, file).catch(() => null);
    if (wanted.delete(id)) {
      postMessage({ id, hash });
    }
  }
}

addEventListener("message", async ({ data: { id, file } }) => {
  if (!file) {
    wanted.delete(id);
    return;
  }
  wanted.set(id, file);
  if (!isBusy) {
    isBusy = true;
    await work();
    isBusy = false;
  }
});
