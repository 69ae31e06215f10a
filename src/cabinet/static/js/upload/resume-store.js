/* Where unfinished uploads lie, kept in localStorage under what tells an upload apart: whose it is,
   where it goes, what it does to a file that is there, and which file it is.

   Rule: what is kept tells names of files, so it does not stay longer than it may be of use. */

import { root } from "../core/http.js";
import { user } from "../core/identity.js";

const KEPT_FOR_MS = 30 * 24 * 60 * 60 * 1000;
// Of tus-js-client, which writes and reads these entries.
const PREFIX = "tus::";

/** @type {Set<string>} */
const claimed = new Set();

/** Return the word that an upload of this task, and no other, is kept under.
    @type {(task: { file: File, path: string, onConflict: string }) => string} */
export function fingerprintOf({ file, path, onConflict }) {
  const parts = [root, user, onConflict, path, file.size, file.lastModified];
  return parts.map(encodeURIComponent).join("&");
}

/** Be the only one, in this tab or another, who goes on with the upload that is kept under a word.
    Resolves to what ends that, null when somebody else is the one.
    @type {(fingerprint: string) => Promise<(() => unknown) | null>} */
export async function claim(fingerprint) {
  if (!navigator.locks) {
    return claimHere(fingerprint);
  }
  return new Promise((resolve) => {
    // The lock lasts as long as the promise that its holder returns.
    /** @type {(lock: Lock | null) => Promise<void> | void} */
    const hold = (lock) => (lock ? new Promise((release) => resolve(release)) : resolve(null));
    navigator.locks.request(`upload ${fingerprint}`, { ifAvailable: true }, hold);
  });
}

/** Do what can be done where browsers hide their locks: over plain http from another machine.
    @type {(fingerprint: string) => (() => unknown) | null} */
function claimHere(fingerprint) {
  if (claimed.has(fingerprint)) {
    return null;
  }
  claimed.add(fingerprint);
  return () => claimed.delete(fingerprint);
}

/** Tell whether what is kept under a key is of no use any more; what cannot be read is not ours to judge.
    @type {(key: string) => boolean} */
function isOld(key) {
  try {
    const { creationTime } = JSON.parse(localStorage.getItem(key) ?? "");
    return Date.now() - new Date(creationTime).getTime() > KEPT_FOR_MS;
  } catch {
    return false;
  }
}

/** Forget what the server will long have forgotten. */
export function forgetOldUploads() {
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      if (isOld(key)) {
        localStorage.removeItem(key);
      }
    }
  } catch {
    // A browser may keep nothing at all; then nothing has to be forgotten.
  }
}
