/* Stored addresses of unfinished uploads, and exclusive claims. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { fake, load } from "./support/load.js";

const { claim, fingerprintOf, forgetOldUploads } = await load("upload/resume-store.js");

const DAY_MS = 24 * 60 * 60 * 1000;
const task = fake({ file: { size: 7, lastModified: 1000 }, path: "a b/c&d.txt", onConflict: "rename" });

beforeEach(() => {
  for (const key of Object.keys(localStorage)) {
    localStorage.removeItem(key);
  }
  Reflect.deleteProperty(navigator, "locks");
});

describe("a fingerprint", () => {
  it("contains user, conflict resolution, path and file", () => {
    assert.equal(fingerprintOf(task), "%2F&u1&rename&a%20b%2Fc%26d.txt&7&1000");
  });

  it("differs for any other upload", () => {
    const others = [
      { ...task, path: "a b/c" },
      { ...task, onConflict: "replace" },
      { ...task, file: { ...task.file, size: 8 } },
      { ...task, file: { ...task.file, lastModified: 1001 } },
    ];

    const words = new Set([task, ...others].map(fingerprintOf));

    assert.equal(words.size, 5);
  });
});

describe("a claim", () => {
  it("has one holder at a time without the Web Locks API", async () => {
    const release = await claim("w");
    assert.equal(await claim("w"), null);
    assert.notEqual(await claim("other"), null);

    release?.();

    assert.notEqual(await claim("w"), null);
  });

  it("is a lock across tabs until it is released", async () => {
    /** @type {Map<string, Promise<void>>} */
    const held = new Map();
    const locks = {
      /** @type {(name: string, how: LockOptions, hold: (lock: object | null) => Promise<void>) => Promise<void>} */
      async request(name, { ifAvailable }, hold) {
        assert.equal(ifAvailable, true);
        const isFree = !held.has(name);
        const kept = hold(isFree ? { name } : null);
        if (isFree) {
          held.set(name, kept);
          await kept;
          held.delete(name);
        }
      },
    };
    Object.assign(navigator, { locks });

    const release = await claim("w");
    assert.deepEqual([...held.keys()], ["upload w"]);
    assert.equal(await claim("w"), null);
    release?.();
    await null;
    await null;

    assert.deepEqual([...held.keys()], []);
  });
});

describe("stored entries", () => {
  /** @type {(key: string, age: number) => void} */
  const keep = (key, age) =>
    localStorage.setItem(key, JSON.stringify({ creationTime: new Date(Date.now() - age).toString() }));

  it("expire after a month, and others are kept", () => {
    keep("tus::old::1", 31 * DAY_MS);
    keep("tus::young::2", 29 * DAY_MS);
    keep("details", 99 * DAY_MS);

    forgetOldUploads();

    assert.deepEqual(Object.keys(localStorage).sort(), ["details", "tus::young::2"]);
  });

  it("are left alone if unreadable, and do not protect others", () => {
    localStorage.setItem("tus::broken", "{");
    keep("tus::old::1", 31 * DAY_MS);

    forgetOldUploads();

    assert.deepEqual(Object.keys(localStorage), ["tus::broken"]);
  });
});
