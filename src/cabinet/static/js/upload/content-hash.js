/* The content hash: SHA-256 of each block, then of all those digests strung together. */

// The same everywhere: storage/content_hash.py.
export const BLOCK_BYTES = 4 * 1024 * 1024;
export const DIGEST_BYTES = 32;

/** @type {(bytes: BufferSource) => Promise<Uint8Array<ArrayBuffer>>} */
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** Return the hash of a content by the digests of its blocks.
    @type {(digests: Uint8Array<ArrayBuffer>) => Promise<string>} */
export async function combine(digests) {
  return Array.from(await sha256(digests), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the hash of a content of one block at most.
    @type {(bytes: ArrayBuffer) => Promise<string>} */
export const hashOfBlock = async (bytes) =>
  combine(bytes.byteLength ? await sha256(bytes) : new Uint8Array());
