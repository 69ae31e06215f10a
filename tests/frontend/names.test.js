/* Paths, key combinations and viewers by media type. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fake, load } from "./support/load.js";

describe("paths", async () => {
  const paths = await load("core/paths.js");

  it("have a parent, a name and ancestors", () => {
    assert.equal(paths.parentOf("a/b/c"), "a/b");
    assert.equal(paths.parentOf("a"), "");
    assert.equal(paths.nameOf("a/b/c"), "c");
    assert.deepEqual(paths.foldersAbove("a/b/c"), ["a/b", "a"]);
    assert.equal(paths.below("", "a"), "a");
    assert.equal(paths.below("a", "b"), "a/b");
  });

  it("are inside a folder only by whole names", () => {
    assert.equal(paths.isWithin("a", "a/b"), true);
    assert.equal(paths.isWithin("a", "ab"), false);
    assert.equal(paths.isWithin("", "anything"), true);
  });

  it("are mapped to the entry of the open folder that contains them", () => {
    assert.equal(paths.entryWithin("a", "a/b/c"), "a/b");
    assert.equal(paths.entryWithin("", "a/b/c"), "a");
    assert.equal(paths.entryWithin("a", "a"), null);
    assert.equal(paths.entryWithin("a", "b/c"), null);
  });
});

describe("key combinations", async () => {
  const { combinationOf } = await load("ui/key-combination.js");
  /** @type {(key: string, code?: string, held?: object) => string} */
  const press = (key, code = "", held = {}) => combinationOf(fake({ key, code, ...held }));

  it("are written as in the tables", () => {
    assert.equal(press("F2"), "F2");
    assert.equal(press(" "), "Space");
    assert.equal(press("Delete", "Delete", { shiftKey: true }), "Shift+Delete");
    assert.equal(press("a", "KeyA", { ctrlKey: true }), "Mod+a");
    assert.equal(press("z", "KeyZ", { metaKey: true }), "Mod+z");
  });

  it("use the Latin letter of the key in other scripts", () => {
    assert.equal(press("ь", "KeyM"), "m");
    assert.equal(press("Ь", "KeyM", { shiftKey: true }), "Shift+m");
    assert.equal(press(".", "Slash"), "/");
    assert.equal(press(",", "Slash", { shiftKey: true }), "?");
  });

  it("use the typed punctuation, whichever key it is on", () => {
    assert.equal(press("?", "Minus", { shiftKey: true }), "?");
    assert.equal(press("+", "KeyX"), "+");
  });
});

describe("viewers", async () => {
  const { isDrawing, kindOf } = await load("preview/kinds.js");
  /** @type {(name: string, mediaType?: string) => string} */
  const kind = (name, mediaType) => kindOf(fake({ name, mediaType }));

  it("follow the media type", () => {
    assert.equal(kind("a", "image/png"), "image");
    assert.equal(kind("a", "video/mp4"), "video");
    assert.equal(kind("a", "audio/ogg"), "audio");
    assert.equal(kind("a", "application/pdf"), "pdf");
    assert.equal(kind("a", "text/plain"), "text");
    assert.equal(kind("a", "application/zip"), "none");
  });

  it("show unknown media types as text by their extension", () => {
    assert.equal(kind("a.py", undefined), "text");
    assert.equal(kind("a.py", "application/octet-stream"), "text");
    assert.equal(kind("a.bin", "application/octet-stream"), "none");
  });

  it("show formats that can run scripts as text, and SVG as a picture", () => {
    assert.equal(kind("a.html", "text/html"), "text");
    assert.equal(kind("a.xhtml", "application/xhtml+xml"), "text");
    assert.equal(kind("a.svg", "image/svg+xml"), "image");
    assert.equal(isDrawing(fake({ mediaType: "image/svg+xml" })), true);
  });

  it("do not take TypeScript for video", () => {
    assert.equal(kind("a.ts", "video/mp2t"), "text");
    assert.equal(kind("a.m2ts", "video/mp2t"), "video");
  });
});
