/* The content hash: SHA-256 of the concatenated SHA-256 digests of all blocks. */

// The same as in storage/content_hash.py.
export const BLOCK_BYTES = 4 * 1024 * 1024;
export const DIGEST_BYTES = 32;

/** @type {(bytes: BufferSource) => Promise<Uint8Array<ArrayBuffer>>} */
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** Return the content hash of the concatenated block digests.
    @type {(digests: Uint8Array<ArrayBuffer>) => Promise<string>} */
export async function combine(digests) {
  return Array.from(await sha256(digests), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the content hash of at most one block.
    @type {(bytes: ArrayBuffer) => Promise<string>} */
export const hashOfBlock = async (bytes) =>
  combine(bytes.byteLength ? await sha256(bytes) : new Uint8Array());
