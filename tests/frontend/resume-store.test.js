/* Where unfinished uploads lie, and who goes on with them. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load } from "./support/load.js";

const { claim, fingerprintOf, forgetOldUploads } = await load("upload/resume-store.js");

const DAY_MS = 24 * 60 * 60 * 1000;
const task = { file: { size: 7, lastModified: 1000 }, path: "a b/c&d.txt", onConflict: "rename" };

beforeEach(() => {
  for (const key of Object.keys(localStorage)) {
    localStorage.removeItem(key);
  }
  delete navigator.locks;
});

describe("the word for an upload", () => {
  it("tells whose it is, what it does, where it goes and which file it is", () => {
    assert.equal(fingerprintOf(task), "%2F&u1&rename&a%20b%2Fc%26d.txt&7&1000");
  });

  it("is another one for anything else", () => {
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
  it("has one holder at a time where browsers hide their locks", async () => {
    const release = await claim("w");
    assert.equal(await claim("w"), null);
    assert.notEqual(await claim("other"), null);

    release();

    assert.notEqual(await claim("w"), null);
  });

  it("is a lock for as long as its holder wants, among all tabs", async () => {
    const held = new Map();
    navigator.locks = {
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

    const release = await claim("w");
    assert.deepEqual([...held.keys()], ["upload w"]);
    assert.equal(await claim("w"), null);
    release();
    await null;
    await null;

    assert.deepEqual([...held.keys()], []);
  });
});

describe("what is kept", () => {
  const keep = (key, age) =>
    localStorage.setItem(key, JSON.stringify({ creationTime: new Date(Date.now() - age).toString() }));

  it("is forgotten after a month, and what is not of uploads stays", () => {
    keep("tus::old::1", 31 * DAY_MS);
    keep("tus::young::2", 29 * DAY_MS);
    keep("details", 99 * DAY_MS);

    forgetOldUploads();

    assert.deepEqual(Object.keys(localStorage).sort(), ["details", "tus::young::2"]);
  });

  it("is left alone where it cannot be read, and what lies behind it is forgotten all the same", () => {
    localStorage.setItem("tus::broken", "{");
    keep("tus::old::1", 31 * DAY_MS);

    forgetOldUploads();

    assert.deepEqual(Object.keys(localStorage), ["tus::broken"]);
  });
});
