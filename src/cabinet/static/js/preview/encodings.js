/* Detect the encoding of text files, and decode them.

   Rule: detection uses the bytes alone; binary content is null, and the user's choice is never overridden. */

import { score } from "./encoding-models.js";

/** @type {[number[], string][]} */
const MARKS = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];
// Declarations at the beginning: XML, HTML, and editor mode lines.
const DECLARED = /\b(?:encoding|charset|coding)\s*[=:]\s*["']?([\w.:-]+)/i;
const DECLARED_WITHIN = 1024;
// Encodings to try without a declaration: the more likely first, with a handicap for the rare ones.
/** @type {[string, string, number?][]} */
const CANDIDATES = [
  ["windows-1251", "cyrillic"],
  ["windows-1252", "western"],
  ["ibm866", "cyrillic"],
  ["koi8-r", "cyrillic"],
  ["gb18030", "simplified"],
  ["shift_jis", "japanese"],
  ["euc-kr", "korean"],
  ["big5", "traditional"],
  ["euc-jp", "japanese"],
  ["windows-1250", "central", 0.05],
  ["x-mac-cyrillic", "cyrillic", 0.2],
];
const FALLBACK = "windows-1252";
// The sample size, starting at the first line with a non-ASCII letter.
const SAMPLE_BYTES = 16_384;
// The escapes of ISO-2022-JP that start two-byte characters.
const TO_JAPANESE = ["\x1b$@", "\x1b$B"];

const LINE_FEED = 10;
// Tab, line and page breaks, backspace (manual pages), DOS end of file, and escape (terminal colors).
const ORDINARY = new Set([8, 9, LINE_FEED, 12, 13, 26, 27]);
// Text has few other control characters; a run of zeros, as in a log after a crash, counts once.
const MAX_ODD = 3;
const ODD_SHARE = 0.02;

// Characters that are likely in UTF-16: letters, punctuation and spaces.
const WIDE =
  /[\t\n\r -~\u00a0-\u024f\u0370-\u06ff\u0900-\u0e7f\u1e00-\u1fff\u2010-\u2027\u20ac\u2116\u2122\u2190-\u21ff\u2500-\u25ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]|\p{So}|[\u{10000}-\u{10ffff}]/u;
const WIDE_SHARE = 0.9;
// Nearly half of all code units are East Asian characters, so random data decoded as UTF-16 looks East Asian.
const EASTERN = /[\u3000-\u9fff\uac00-\ud7a3]/;
const EASTERN_MODELS = ["simplified", "traditional", "japanese", "korean"];
const EASTERN_FIT = 0.15;
// With this share of ASCII bytes, no byte pairs form a character.
const PLAIN_SHARE = 0.85;

/** @type {(byte: number) => boolean} */
const isPlain = (byte) => (byte >= 32 && byte < 127) || ORDINARY.has(byte);

/** @type {(bytes: Uint8Array) => number} */
function countOdd(bytes) {
  let count = 0;
  bytes.forEach((byte, index) => {
    count += Number(byte < 32 && !ORDINARY.has(byte) && (byte !== 0 || bytes[index - 1] !== 0));
  });
  return count;
}

/** Return the share of likely characters in a text, 0 if it only looks East Asian.
    @type {(text: string) => number} */
function wideShare(text) {
  const chars = [...text];
  const foreign = chars.filter((char) => char > "\u007f");
  const isEastern = foreign.filter((char) => EASTERN.test(char)).length > foreign.length / 2;
  if (isEastern && EASTERN_MODELS.every((model) => score(text, model) < EASTERN_FIT)) {
    return 0;
  }
  return chars.filter((char) => WIDE.test(char)).length / chars.length;
}

/** Return "utf-16le" or "utf-16be" if bytes with control characters are one of them.
    @type {(bytes: Uint8Array) => string | null} */
function wideOf(bytes) {
  const head = bytes.subarray(0, Math.min(SAMPLE_BYTES, bytes.length & ~1));
  const plain = head.reduce((count, byte) => count + Number(isPlain(byte)), 0);
  if (head.length === 0 || plain > head.length * PLAIN_SHARE) {
    return null;
  }
  /** @type {[number, string][]} */
  const shares = ["utf-16le", "utf-16be"].map((encoding) => [
    wideShare(new TextDecoder(encoding).decode(head)),
    encoding,
  ]);
  const [share, encoding] = shares.reduce((best, each) => (each[0] > best[0] ? each : best));
  return share >= WIDE_SHARE ? encoding : null;
}

/** Return the number of multi-byte characters in UTF-8, and of invalid bytes.
    @type {(bytes: Uint8Array, isCut: boolean) => { letters: number, faults: number }} */
function countUtf8(bytes, isCut) {
  const text = new TextDecoder().decode(bytes, { stream: isCut });
  let [letters, faults] = [0, 0];
  for (const char of text) {
    faults += Number(char === "\ufffd");
    letters += Number(char > "\u007f" && char !== "\ufffd");
  }
  return { letters, faults };
}

/** @type {(bytes: Uint8Array) => string | null} */
function declaredIn(bytes) {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, DECLARED_WITHIN));
  const [, label = ""] = DECLARED.exec(head) ?? [];
  try {
    const { encoding } = new TextDecoder(label);
    // The bytes are none of these, whatever the declaration says.
    return encoding.startsWith("utf-") ? null : encoding;
  } catch {
    return null;
  }
}

/** Return the candidate in which the first non-ASCII characters score best.
    @type {(bytes: Uint8Array) => string} */
function likeliest(bytes) {
  const first = bytes.findIndex((byte) => byte > 127);
  const start = bytes.lastIndexOf(LINE_FEED, first) + 1;
  const sample = bytes.subarray(start, start + SAMPLE_BYTES);
  let best = FALLBACK;
  let most = -Infinity;
  for (const [encoding, model, handicap = 0] of CANDIDATES) {
    const value = score(new TextDecoder(encoding).decode(sample, { stream: true }), model) - handicap;
    if (value > most) {
      best = encoding;
      most = value;
    }
  }
  return best;
}

/** Return the detected encoding of `bytes`, null for binary content, "ascii" for plain ASCII, which is the same in
    most. The last character of a text that `isCut` may be incomplete.
    @type {(bytes: Uint8Array, isCut?: boolean) => string | null} */
export function guess(bytes, isCut = false) {
  const [, marked] = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte)) ?? [];
  if (marked) {
    return marked;
  }
  const odd = countOdd(bytes);
  if (odd > 0) {
    const wide = wideOf(bytes);
    if (wide || odd > Math.max(MAX_ODD, bytes.length * ODD_SHARE)) {
      return wide;
    }
  }
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, SAMPLE_BYTES));
  if (TO_JAPANESE.some((mark) => head.includes(mark))) {
    return "iso-2022-jp";
  }
  const { letters, faults } = countUtf8(bytes, isCut);
  if (letters + faults === 0) {
    return "ascii";
  }
  return faults > letters ? (declaredIn(bytes) ?? likeliest(bytes)) : "utf-8";
}

/** Return `bytes` as text; invalid ones become U+FFFD, and zeros are made visible. The incomplete last character of a
    text that `isCut` is left out.
    @type {(bytes: Uint8Array, encoding: string, isCut?: boolean) => string} */
export const decode = (bytes, encoding, isCut = false) =>
  new TextDecoder(encoding === "ascii" ? "utf-8" : encoding)
    .decode(bytes, { stream: isCut })
    .replaceAll("\0", "\u2400");
