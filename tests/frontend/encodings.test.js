/* Detection of encodings and decoding of damaged texts. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { known, load } from "./support/load.js";

const { decode, guess } = await load("preview/encodings.js");

// Encoded by Python, because browsers cannot: `text`, its bytes, and the name of the encoding in browsers.
/** @type {{ text: string, encoding: string, bytes: Buffer }[]} */
const writings = known("writings").map((/** @type {{ bytes: string }} */ each) => ({
  ...each,
  bytes: Buffer.from(each.bytes, "base64"),
}));

/** @type {(...parts: any[]) => Buffer} */
const bytesOf = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

/** Return the detected encoding of bytes, and the decoded text.
    @type {(bytes: Uint8Array, isCut?: boolean) => [string | null, string | null]} */
function read(bytes, isCut = false) {
  const encoding = guess(new Uint8Array(bytes), isCut);
  return [encoding, encoding === null ? null : decode(new Uint8Array(bytes), encoding, isCut)];
}

describe("text", () => {
  it("is decoded in its encoding, even if short", () => {
    const wrong = writings.filter(({ bytes, encoding, text }) => {
      const [found, shown] = read(bytes);
      return found !== encoding || shown !== text;
    });

    assert.ok(writings.length > 100);
    assert.deepEqual(wrong, []);
  });

  it("is detected by its first non-ASCII characters if long", () => {
    const plain = "2024-03-01 12:00:00 INFO all is well\n".repeat(600);
    // Escape sequences are expected at the start of a text; other encodings here have no ASCII.
    const fitting = writings.filter(({ encoding }) => !/^utf-16|^iso-2022/.test(encoding));

    const wrong = fitting.filter(({ bytes, encoding }) => read(bytesOf(plain, bytes))[0] !== encoding);

    assert.deepEqual(wrong, []);
  });

  it("keeps all characters around an invalid byte or a zero", () => {
    const russian = Buffer.from("Привет, мир! Это письмо.\n".repeat(30));
    const hurt = bytesOf(russian.subarray(0, 101), [0xff], russian.subarray(101));

    assert.deepEqual(read(hurt), ["utf-8", new TextDecoder().decode(hurt)]);
    assert.deepEqual(read(bytesOf("naïve café", [0xc3])), ["utf-8", "naïve café\ufffd"]);
    assert.deepEqual(read(bytesOf("caf", [0xe9])), ["windows-1252", "café"]);
    assert.deepEqual(read(bytesOf("plain \0 words")), ["ascii", "plain \u2400 words"]);
  });

  it("is detected despite a zero and an invalid byte", () => {
    const fitting = writings.filter(
      ({ text, encoding }) => [...text].length > 20 && !/^utf-16|^iso-2022/.test(encoding),
    );
    const wrong = fitting.filter(({ bytes, encoding }) => {
      const long = bytesOf(bytes, bytes, bytes, bytes);
      const cut = Math.max(long.includes(" ") ? long.indexOf(" ") : long.indexOf("\n"), 0);
      return read(bytesOf(long.subarray(0, cut), " \0 ", [0xff], " ", long.subarray(cut)))[0] !== encoding;
    });

    assert.ok(fitting.length > 40);
    assert.deepEqual(wrong, []);
  });

  it("may contain the zeros that a crash leaves in a log", () => {
    const [, log] = read(bytesOf("before\n", new Uint8Array(5000), "after\n"));

    assert.equal(log, `before\n${"\u2400".repeat(5000)}after\n`);
  });

  it("has its declared encoding unless that is impossible", () => {
    for (const { text, encoding, bytes } of known("declared")) {
      assert.deepEqual(read(Buffer.from(bytes, "base64")), [encoding, text]);
    }
  });

  it("has the encoding of its byte order mark", () => {
    const text = "Привет, мир";
    const little = Buffer.from(text, "utf16le");
    const big = Buffer.from(little).swap16();

    assert.deepEqual(read(bytesOf([0xef, 0xbb, 0xbf], text)), ["utf-8", text]);
    assert.deepEqual(read(bytesOf([0xff, 0xfe], little)), ["utf-16le", text]);
    assert.deepEqual(read(bytesOf([0xfe, 0xff], big)), ["utf-16be", text]);
  });

  it("may end in the middle of a character", () => {
    const cut = Buffer.from("Привет, мир").subarray(0, -1);

    assert.deepEqual(read(cut, true), ["utf-8", "Привет, ми"]);
    assert.deepEqual(read(cut), ["utf-8", "Привет, ми\ufffd"]);
  });
});

describe("binary content", () => {
  const binaries = [
    bytesOf("MZ", [0, 1, 2, 3, 0xff, 0xfe, 0, 0]),
    bytesOf(...Array(9).fill(Array.from({ length: 32 }, (_, byte) => byte))),
    bytesOf([0x7f], "ELF", [2, 1, 1], new Uint8Array(9), [3, 0], ">", [0, 1]),
  ];

  it("has no encoding", () => {
    assert.deepEqual(
      binaries.map((bytes) => read(bytes)),
      binaries.map(() => [null, null]),
    );
  });
});
