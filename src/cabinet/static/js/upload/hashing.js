/* Content hashes of files, computed by a worker while they are sent.

   Browsers hide their SHA-256 from pages that came over plain http from another machine. */

export const canHash = Boolean(globalThis.crypto?.subtle);

const waiting = new Map();
let worker = null;
let lastId = 0;

function startWorker() {
  worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data: { id, hash } }) => {
    waiting.get(id)?.(hash);
    waiting.delete(id);
  });
}

/** Begin to hash `file`. Returns the promise `hash`, null when the file cannot be read, and `stop()`. */
export function hashOf(file) {
  if (!worker) {
    startWorker();
  }
  lastId += 1;
  const id = lastId;
  const hash = new Promise((resolve) => {
    waiting.set(id, resolve);
  });
  worker.postMessage({ id, file });
  return {
    hash,
    stop() {
      waiting.delete(id);
      worker.postMessage({ id });
    },
  };
}
