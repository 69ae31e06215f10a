/* What comes in pieces: long texts in their parts, and the way from file to file through a list in pages. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load } from "./support/load.js";

describe("a text in parts", () => {
  let content;
  let asked;
  let parts;

  /** Answer as the server does to a range. */
  async function send(...[, , , { Range }]) {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(Range);
    asked.push(Range);
    const end = to === "" ? content.length : Math.min(Number(to) + 1, content.length);
    const headers = new Headers({ "Content-Range": `bytes ${from}-${end - 1}/${content.length}` });
    return { headers, arrayBuffer: async () => Uint8Array.from(content.subarray(Number(from), end)).buffer };
  }

  beforeEach(async () => {
    asked = [];
    parts = await load("preview/text-parts.js", {
      stubs: { "core/http.js": { contentUrl: (path) => path, send } },
    });
  });

  const entry = { path: "big.log" };
  const textOf = (part, encoding = "utf-8") => Buffer.from(part.lines(encoding));

  it("is as long as half a part to one and a half where it is the last", () => {
    const { countParts, PART_BYTES } = parts;

    assert.deepEqual(
      [0, 1, PART_BYTES, PART_BYTES * 1.4, PART_BYTES * 1.6, PART_BYTES * 10].map(countParts),
      [1, 1, 1, 1, 2, 10],
    );
  });

  it("is whole lines, and all of them, whichever part is fetched first", async () => {
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

  it("begins with the line that begins where it does", async () => {
    content = Buffer.from(
      Array.from({ length: 60_000 }, (_, line) => `${String(line).padStart(9, "0")}\n`).join(""),
    );
    assert.equal(parts.PART_BYTES % 10, 0);

    const second = textOf(await parts.fetchPart(entry, 1, content.length));

    assert.equal(second.subarray(0, 9).toString(), String(parts.PART_BYTES / 10).padStart(9, "0"));
  });

  it("cuts a line that is longer than anybody reads, but no letter", async () => {
    content = Buffer.from("я".repeat(400_000));
    const count = parts.countParts(content.length);

    const fetched = [];
    for (let index = 0; index < count; index += 1) {
      fetched.push(textOf(await parts.fetchPart(entry, index, content.length)));
    }

    assert.equal(fetched.map(String).join(""), content.toString());
  });

  for (const encoding of ["utf-16le", "utf-16be"]) {
    it(`is whole lines in ${encoding}, whose units have two bytes`, async () => {
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

  it("is the last one that there is where the file has shrunk meanwhile", async () => {
    content = Buffer.from("short\n".repeat(10));

    const part = await parts.fetchPart(entry, 0, content.length + 900_000);

    assert.equal(part.total, content.length);
    assert.equal(part.isFirst, true);
  });

  it("goes on to the new end where the file has grown meanwhile", async () => {
    content = Buffer.from("a line\n".repeat(150_000));

    const part = await parts.fetchPart(entry, 0, 1000);

    assert.equal(part.isLast, true);
    assert.equal(part.index, parts.countParts(content.length) - 1);
    assert.equal(asked.length, 2);
  });
});

describe("the way from file to file", () => {
  // Each is a name; folders begin with "/".
  let loaded;
  let pages;
  let course;

  beforeEach(async () => {
    loaded = ["/box", "a", "b"];
    pages = [["c", "/inner", "d"]];
    document.getElementById = (id) => (id === "more" && pages.length ? {} : null);
    const rows = () =>
      loaded.map((path) => ({ dataset: { path, kind: path.startsWith("/") ? "folder" : "file" } }));
    const { Course } = await load("preview/course.js", {
      stubs: {
        "list/list.js": { entryOf: ({ dataset }) => ({ path: dataset.path }), rows },
        "list/more.js": {
          async appendMore() {
            loaded.push(...pages.shift());
          },
        },
      },
    });
    course = new Course();
  });

  const next = async (by) => (await course.next(by))?.path ?? null;

  it("leaves folders out and says where one is", () => {
    course.stopAt("b");

    assert.deepEqual(course.place, { index: 1, count: 2, hasMore: true });
  });

  it("has the list load its next page where it ends", async () => {
    course.stopAt("b");

    assert.equal(await next(1), "c");
    assert.deepEqual(course.place, { index: 1, count: 4, hasMore: false });
  });

  it("ends at both ends of the list", async () => {
    course.stopAt("a");
    assert.equal(await next(-1), null);
    course.stopAt("b");
    await next(1);
    course.stopAt("d");

    assert.equal(await next(1), null);
  });

  it("goes on in the place of a file that has left the list", async () => {
    loaded = ["a", "b", "c"];
    course.stopAt("b");
    loaded = ["a", "c"];
    course.stopAt("b");

    assert.equal(await next(1), "c");
    assert.equal(await next(-1), "a");
  });

  it("sees ahead what is loaded, and loads nothing for it", () => {
    course.stopAt("a");

    assert.equal(course.glimpse(1).path, "b");
    assert.equal(course.glimpse(2), null);
    assert.equal(pages.length, 1);
  });

  it("loads one page at a time, and none twice", async () => {
    course.stopAt("b");

    assert.deepEqual(await Promise.all([next(1), next(1)]), ["c", null]);
  });
});
