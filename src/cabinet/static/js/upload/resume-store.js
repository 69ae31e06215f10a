/* The addresses of unfinished uploads, in localStorage, by fingerprint: user, target path, conflict resolution and
   file.

   Rule: entries contain file names, so they are deleted when they cannot be used any more. */

import { base } from "../core/http.js";
import { user } from "../core/identity.js";

const STORED_FOR_MS = 30 * 24 * 60 * 60 * 1000;
// The key prefix of tus-js-client, which writes and reads the entries.
const PREFIX = "tus::";

/** @type {Set<string>} */
const claimed = new Set();

/** Return the fingerprint of a task.
    @type {(task: { file: File, path: string, onConflict: string }) => string} */
export function fingerprintOf({ file, path, onConflict }) {
  const parts = [base, user, onConflict, path, file.size, file.lastModified];
  return parts.map(encodeURIComponent).join("&");
}

/** Return what the keys of all uploads of the user of this page begin with; the choice on conflicts follows.
    @type {() => string} */
export const prefixOf = () => `${PREFIX}${[base, user].map(encodeURIComponent).join("&")}&`;

/** Claim a fingerprint exclusively among all tabs. Resolves to a function that releases it, null if it is claimed
    already.
    @type {(fingerprint: string) => Promise<(() => unknown) | null>} */
export async function claim(fingerprint) {
  if (!navigator.locks) {
    return claimInTab(fingerprint);
  }
  return new Promise((resolve) => {
    // The lock is held until the promise of its callback resolves.
    /** @type {(lock: Lock | null) => Promise<void> | void} */
    const hold = (lock) => (lock ? new Promise((release) => resolve(release)) : resolve(null));
    navigator.locks.request(`upload ${fingerprint}`, { ifAvailable: true }, hold);
  });
}

/** Claim a fingerprint within this tab, because the Web Locks API is unavailable over plain HTTP.
    @type {(fingerprint: string) => (() => unknown) | null} */
function claimInTab(fingerprint) {
  if (claimed.has(fingerprint)) {
    return null;
  }
  claimed.add(fingerprint);
  return () => claimed.delete(fingerprint);
}

/** Return whether a stored entry is outdated; unreadable entries are left alone.
    @type {(key: string) => boolean} */
function isOld(key) {
  try {
    const { creationTime } = JSON.parse(localStorage.getItem(key) ?? "");
    return Date.now() - new Date(creationTime).getTime() > STORED_FOR_MS;
  } catch {
    return false;
  }
}

/** Delete entries of uploads that have expired on the server. */
export function forgetOldUploads() {
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      if (isOld(key)) {
        localStorage.removeItem(key);
      }
    }
  } catch {
    // Storage may be blocked.
  }
}
