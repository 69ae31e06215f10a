/* Content hashes of files, computed in a worker while the files are sent.

   SHA-256 is unavailable on pages served over plain HTTP by another machine. */

export const canHash = Boolean(globalThis.crypto?.subtle);

/** @type {Map<number, (hash: string | null) => void>} */
const waiting = new Map();
/** @type {Worker | null} */
let worker = null;
let lastId = 0;

function startWorker() {
  const started = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data: { id, hash } }) => {
    waiting.get(id)?.(hash);
    waiting.delete(id);
  });
  return started;
}

/** Start to hash `file`. Returns the promise `hash`, null if the file cannot be read, and `stop()`.
    @type {(file: File) => { hash: Promise<string | null>, stop: () => void }} */
export function hashOf(file) {
  worker ??= startWorker();
  const asked = worker;
  lastId += 1;
  const id = lastId;
  const hash = new Promise((resolve) => {
    waiting.set(id, resolve);
  });
  asked.postMessage({ id, file });
  return {
    hash,
    stop() {
      waiting.delete(id);
      asked.postMessage({ id });
    },
  };
}
