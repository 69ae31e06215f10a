/* What this visitor has sent through a link, in localStorage by the address of the link: the server tells nobody.

   Rule: names and sizes only; storage may be blocked or hold anything. */

import { base } from "../core/identity.js";
import { prefixOf } from "./resume-store.js";

const KEY = `sent:${base}`;
// Older ones are forgotten first.
const MAX_SENT = 1_000;

/** One file that was sent: its name, its size in bytes, when, and whether its content was verified.
    @typedef {{ name: string, bytes: number, at: string, isVerified: boolean }} Sent */

/** @type {(value: any) => boolean} */
const isSent = (value) =>
  typeof value?.name === "string" &&
  Number.isFinite(value.bytes) &&
  !Number.isNaN(Date.parse(value.at)) &&
  typeof value.isVerified === "boolean";

/** Return what was sent, the oldest first.
    @type {() => Sent[]} */
export function readSent() {
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(read) ? read.filter(isSent) : [];
  } catch {
    return [];
  }
}

/** Save what was sent; an empty list is forgotten.
    @type {(sent: Sent[]) => void} */
export function writeSent(sent) {
  try {
    if (sent.length) {
      localStorage.setItem(KEY, JSON.stringify(sent.slice(-MAX_SENT)));
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // Storage may be blocked or full.
  }
}

/** Return the keys of the unfinished uploads of this link.
    @type {() => string[]} */
function unfinishedKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefixOf()));
  } catch {
    return [];
  }
}

/** Return the names of unfinished uploads, which go on when their files are selected again.
    @type {() => string[]} */
export const unfinishedNames = () =>
  unfinishedKeys().map((key) => decodeURIComponent(key.slice(prefixOf().length).split("&")[1] ?? ""));

/** Forget the unfinished uploads; on the server they expire. */
export const forgetUnfinished = () => unfinishedKeys().forEach((key) => localStorage.removeItem(key));
