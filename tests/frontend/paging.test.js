/* Long texts in parts, and the file cursor of the preview in a list of pages. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { fake, load } from "./support/load.js";

/** @import { Part } from "../../src/cabinet/static/js/preview/text-parts.js" */
/** @import { Modules } from "./types/modules.js" */

describe("a text in parts", () => {
  /** @type {Buffer} */
  let content;
  /** @type {string[]} */
  let asked;
  /** @type {Modules["preview/text-parts.js"]} */
  let parts;

  /** Respond to a range request as the server does.
      @type {(method: string, url: string, body: null, headers: { Range: string }) => Promise<object>} */
  async function send(...[, , , { Range }]) {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(Range) ?? [];
    asked.push(Range);
    const end = to === "" ? content.length : Math.min(Number(to) + 1, content.length);
    const headers = new Headers({ "Content-Range": `bytes ${from}-${end - 1}/${content.length}` });
    return { headers, arrayBuffer: async () => Uint8Array.from(content.subarray(Number(from), end)).buffer };
  }

  beforeEach(async () => {
    asked = [];
    parts = await load("preview/text-parts.js", {
      stubs: { "core/http.js": { contentUrl: (/** @type {string} */ path) => path, send } },
    });
  });

  const entry = fake({ path: "big.log" });
  /** @type {(part: Part, encoding?: string) => Buffer} */
  const textOf = (part, encoding = "utf-8") => Buffer.from(part.lines(encoding));

  it("has a last part of half to one and a half times the usual size", () => {
    const { countParts, PART_BYTES } = parts;

    assert.deepEqual(
      [0, 1, PART_BYTES, PART_BYTES * 1.4, PART_BYTES * 1.6, PART_BYTES * 10].map(countParts),
      [1, 1, 1, 1, 2, 10],
    );
  });

  it("consists of whole lines, whichever part is fetched first", async () => {
    content = Buffer.from(Array.from({ length: 60_000 }, (_, line) => `${line} a line\n`).join(""));
    const count = parts.countParts(content.length);
    assert.ok(count > 2);

    const fetched = [];
    for (let index = count - 1; index >= 0; index -= 1) {
      fetched.unshift(textOf(await parts.fetchPart(entry, index, content.length)));
    }

    assert.ok(fetched.every((text) => text.at(-1) === 10));
    assert.deepEqual(Buffer.concat(fetched), content);
  });

  it("starts a part with a line that starts at its offset", async () => {
    content = Buffer.from(
      Array.from({ length: 60_000 }, (_, line) => `${String(line).padStart(9, "0")}\n`).join(""),
    );
    assert.equal(parts.PART_BYTES % 10, 0);

    const second = textOf(await parts.fetchPart(entry, 1, content.length));

    assert.equal(second.subarray(0, 9).toString(), String(parts.PART_BYTES / 10).padStart(9, "0"));
  });

  it("splits an overlong line between characters", async () => {
    content = Buffer.from("я".repeat(400_000));
    const count = parts.countParts(content.length);

    const fetched = [];
    for (let index = 0; index < count; index += 1) {
      fetched.push(textOf(await parts.fetchPart(entry, index, content.length)));
    }

    assert.equal(fetched.map(String).join(""), content.toString());
  });

  for (const encoding of ["utf-16le", "utf-16be"]) {
    it(`consists of whole lines in ${encoding}, with code units of two bytes`, async () => {
      content = Buffer.from("строка\n".repeat(60_000), "utf16le");
      if (encoding === "utf-16be") {
        content.swap16();
      }
      const count = parts.countParts(content.length);

      const fetched = [];
      for (let index = 0; index < count; index += 1) {
        fetched.push(textOf(await parts.fetchPart(entry, index, content.length), encoding));
      }

      assert.ok(fetched.every((text) => new TextDecoder(encoding).decode(text).endsWith("строка\n")));
      assert.deepEqual(Buffer.concat(fetched), content);
    });
  }

  it("gets the last part if the file has become shorter", async () => {
    content = Buffer.from("short\n".repeat(10));

    const part = await parts.fetchPart(entry, 0, content.length + 900_000);

    assert.equal(part.total, content.length);
    assert.equal(part.isFirst, true);
  });

  it("gets the new end if the file has grown", async () => {
    content = Buffer.from("a line\n".repeat(150_000));

    const part = await parts.fetchPart(entry, 0, 1000);

    assert.equal(part.isLast, true);
    assert.equal(part.index, parts.countParts(content.length) - 1);
    assert.equal(asked.length, 2);
  });
});

describe("the file cursor", () => {
  // Paths; folders start with "/".
  /** @type {string[]} */
  let loaded;
  /** @type {string[][]} */
  let pages;
  /** @type {InstanceType<Modules["preview/file-cursor.js"]["FileCursor"]>} */
  let cursor;

  beforeEach(async () => {
    loaded = ["/box", "a", "b"];
    pages = [["c", "/inner", "d"]];
    /** @type {(path: string) => object} */
    const rowOf = (path) => ({
      key: path,
      kind: path.startsWith("/") ? "folder" : "file",
      element: { path },
    });
    const model = {
      get rows() {
        return loaded.map(rowOf);
      },
      get more() {
        return pages.length ? {} : null;
      },
    };
    const appendMore = async () => {
      loaded.push(...(pages.shift() ?? []));
    };
    const { FileCursor } = await load("preview/file-cursor.js", {
      stubs: {
        "list/list.js": { appendMore, model },
        "list/rows.js": { entryOf: (/** @type {{ path: string }} */ { path }) => ({ path }) },
      },
    });
    cursor = new FileCursor();
  });

  /** @type {(by: number) => Promise<string | null>} */
  const next = async (by) => (await cursor.next(by))?.path ?? null;

  it("skips folders and reports its position", () => {
    cursor.moveTo("b");

    assert.deepEqual(cursor.position, { index: 1, count: 2, hasMore: true });
  });

  it("loads the next page at the end of the list", async () => {
    cursor.moveTo("b");

    assert.equal(await next(1), "c");
    assert.deepEqual(cursor.position, { index: 1, count: 4, hasMore: false });
  });

  it("stops at both ends of the list", async () => {
    cursor.moveTo("a");
    assert.equal(await next(-1), null);
    cursor.moveTo("b");
    await next(1);
    cursor.moveTo("d");

    assert.equal(await next(1), null);
  });

  it("continues at the index of a file that has left the list", async () => {
    loaded = ["a", "b", "c"];
    cursor.moveTo("b");
    loaded = ["a", "c"];
    cursor.moveTo("b");

    assert.equal(await next(1), "c");
    assert.equal(await next(-1), "a");
  });

  it("peeks at loaded files only", () => {
    cursor.moveTo("a");

    assert.equal(cursor.peek(1)?.path, "b");
    assert.equal(cursor.peek(2), null);
    assert.equal(pages.length, 1);
  });

  it("loads one page at a time, and none twice", async () => {
    cursor.moveTo("b");

    assert.deepEqual(await Promise.all([next(1), next(1)]), ["c", null]);
  });
});
