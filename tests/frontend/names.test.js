/* Small things that much stands on: paths, keys, kinds of files. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { load } from "./support/load.js";

describe("paths", async () => {
  const paths = await load("core/paths.js");

  it("have a folder, a name, and folders above", () => {
    assert.equal(paths.parentOf("a/b/c"), "a/b");
    assert.equal(paths.parentOf("a"), "");
    assert.equal(paths.nameOf("a/b/c"), "c");
    assert.deepEqual(paths.foldersAbove("a/b/c"), ["a/b", "a"]);
    assert.equal(paths.below("", "a"), "a");
    assert.equal(paths.below("a", "b"), "a/b");
  });

  it("lie in a folder by whole names", () => {
    assert.equal(paths.isWithin("a", "a/b"), true);
    assert.equal(paths.isWithin("a", "ab"), false);
    assert.equal(paths.isWithin("", "anything"), true);
  });

  it("are shown by the entry of the open folder that holds them", () => {
    assert.equal(paths.entryWithin("a", "a/b/c"), "a/b");
    assert.equal(paths.entryWithin("", "a/b/c"), "a");
    assert.equal(paths.entryWithin("a", "a"), null);
    assert.equal(paths.entryWithin("a", "b/c"), null);
  });
});

describe("keys", async () => {
  const { pressed } = await load("ui/pressed.js");
  const press = (key, code = "", held = {}) => pressed({ key, code, ...held });

  it("are named as in the tables", () => {
    assert.equal(press("F2"), "F2");
    assert.equal(press(" "), "Space");
    assert.equal(press("Delete", "Delete", { shiftKey: true }), "Shift+Delete");
    assert.equal(press("a", "KeyA", { ctrlKey: true }), "Mod+a");
    assert.equal(press("z", "KeyZ", { metaKey: true }), "Mod+z");
  });

  it("are those of the Latin keyboard where another script is written", () => {
    assert.equal(press("ь", "KeyM"), "m");
    assert.equal(press("Ь", "KeyM", { shiftKey: true }), "Shift+m");
    assert.equal(press(".", "Slash"), "/");
    assert.equal(press(",", "Slash", { shiftKey: true }), "?");
  });

  it("are the signs that they write, on whatever key those stand", () => {
    assert.equal(press("?", "Minus", { shiftKey: true }), "?");
    assert.equal(press("+", "KeyX"), "+");
  });
});

describe("kinds of files", async () => {
  const { isDrawing, kindOf } = await load("preview/kinds.js");
  const kind = (name, mediaType) => kindOf({ name, mediaType });

  it("are those of their media types", () => {
    assert.equal(kind("a", "image/png"), "image");
    assert.equal(kind("a", "video/mp4"), "video");
    assert.equal(kind("a", "audio/ogg"), "audio");
    assert.equal(kind("a", "application/pdf"), "pdf");
    assert.equal(kind("a", "text/plain"), "text");
    assert.equal(kind("a", "application/zip"), "none");
  });

  it("are texts by their names where nobody knows a media type", () => {
    assert.equal(kind("a.py", undefined), "text");
    assert.equal(kind("a.py", "application/octet-stream"), "text");
    assert.equal(kind("a.bin", "application/octet-stream"), "none");
  });

  it("show what could run a script as text, and a drawing as a picture", () => {
    assert.equal(kind("a.html", "text/html"), "text");
    assert.equal(kind("a.xhtml", "application/xhtml+xml"), "text");
    assert.equal(kind("a.svg", "image/svg+xml"), "image");
    assert.equal(isDrawing({ mediaType: "image/svg+xml" }), true);
  });

  it("are no films where they are scripts in TypeScript", () => {
    assert.equal(kind("a.ts", "video/mp2t"), "text");
    assert.equal(kind("a.m2ts", "video/mp2t"), "video");
  });
});
