/* Computes content hashes away from the page: SHA-256 of each block, then of all those digests.

   Gets `{id, file}` and answers `{id, hash}`, or `{id, hash: null}` for a file that cannot be read;
   `{id}` alone says that nobody waits for it any more. */

// Of the content hash, the same everywhere: storage/content_hash.py.
const BLOCK_BYTES = 4 * 1024 * 1024;
const DIGEST_BYTES = 32;

const wanted = new Map();
let isBusy = false;

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

async function contentHash(id, file) {
  const digests = new Uint8Array(Math.ceil(file.size / BLOCK_BYTES) * DIGEST_BYTES);
  for (let block = 0; block * BLOCK_BYTES < file.size; block += 1) {
    const bytes = await file.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES).arrayBuffer();
    digests.set(await sha256(bytes), block * DIGEST_BYTES);
    if (!wanted.has(id)) {
      return null;
    }
  }
  return Array.from(await sha256(digests), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Work through what is wanted, one file at a time, so that a disk reads each of them in a row. */
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
