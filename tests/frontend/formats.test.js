/* Formatting of sizes, numbers and durations, in both languages. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { known, load } from "./support/load.js";

// The formatted sizes of the server (web/formats.py), by language.
/** @type {[number, Record<string, string>][]} */
const sizes = known("sizes");
const [en, ru] = [
  await load("core/format.js", { language: "en" }),
  await load("core/format.js", { language: "ru" }),
];

describe("sizes", () => {
  for (const [language, { size }] of Object.entries({ en, ru })) {
    it(`are formatted as by the server (${language})`, () => {
      assert.deepEqual(
        sizes.map(([bytes]) => size(bytes)),
        sizes.map(([, said]) => said[language]),
      );
    });
  }

  it("and rates are whole bytes below a kilobyte", () => {
    const said = [0.4, 1.2, 512.345, 999.6, 1499.9].map(en.size);

    assert.deepEqual(said, ["0 bytes", "1 byte", "512 bytes", "1 kB", "1.5 kB"]);
  });

  it("can be exact", () => {
    assert.deepEqual([1, 21, 1_234_567].map(en.exactSize), ["1 byte", "21 bytes", "1,234,567 bytes"]);
    assert.deepEqual([1, 2, 5, 21].map(ru.exactSize), ["1 байт", "2 байта", "5 байт", "21 байт"]);
  });
});

describe("durations", () => {
  it("have two units, and are never zero", () => {
    const said = [0, 0.2, 1, 59.6, 61, 3599, 3600, 7384].map(en.duration);

    assert.deepEqual(said, [
      "1 s",
      "1 s",
      "1 s",
      "1 min 0 s",
      "1 min 1 s",
      "59 min 59 s",
      "1 h 0 min",
      "2 h 3 min",
    ]);
  });
});

describe("percentages and numbers", () => {
  it("are formatted for the language of the page", () => {
    assert.equal(en.number(1_234_567.5), "1,234,567.5");
    assert.equal(ru.number(1_234_567.5), "1\u00a0234\u00a0567,5");
    assert.equal(en.percent(0.256), "26%");
    assert.equal(ru.percent(0.256), "26\u00a0%");
  });
});

describe("texts", () => {
  it("have the plural form of a number and filled placeholders", async () => {
    const { countText, has, text } = await load("core/texts.js");
    const russian = await load("core/texts.js", { language: "ru" });
    /** @type {(said: string[]) => string[]} */
    const formsOf = (said) => said.map((words) => words.replace(/\d+/, "").trim());
    /** @type {(say: typeof countText) => string[]} */
    const counted = (say) => [1, 2, 5, 11, 21, 22].map((count) => say("uploading", count, { count }));

    assert.deepEqual([has("uploaded"), has("no such text")], [true, false]);
    assert.equal(text("moved", { name: "a", folder: "b" }).match(/[ab]”/g)?.length, 2);
    assert.equal(new Set(formsOf(counted(countText))).size, 2);
    assert.equal(countText("uploading", 2, { count: 2 }), "Uploading 2 files");
    const [one, few, many, eleven, twentyOne, twentyTwo] = formsOf(counted(russian.countText));
    assert.equal(new Set([one, few, many]).size, 3);
    assert.deepEqual([eleven, twentyOne, twentyTwo], [many, one, few]);
  });
});
