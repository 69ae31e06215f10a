/* Bytes of a file as text, whatever they were written in.

   Rule: a guess from the bytes alone; what is no text is null, and what somebody chose is never doubted. */

import { fit } from "./encoding-models.js";

/** @type {[number[], string][]} */
const MARKS = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];
// What a text says of itself, at its beginning: XML, HTML, and what programmers write for their editors.
const DECLARED = /\b(?:encoding|charset|coding)\s*[=:]\s*["']?([\w.:-]+)/i;
const DECLARED_WITHIN = 1024;
// Where nothing is said: the encodings in which texts are kept, the likelier of equals first, and how much better
// what is rare has to fit than the others.
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
// So many bytes from the first line with a letter beyond ASCII on tell enough.
const LOOKED_AT = 16_384;
// Escapes by which ISO-2022-JP goes over to two bytes a letter.
const TO_JAPANESE = ["\x1b$@", "\x1b$B"];

const LINE_FEED = 10;
// Tab, the ends of lines and pages, a backspace as in manuals, the end of a file of DOS, and the colors of terminals.
const ORDINARY = new Set([8, 9, LINE_FEED, 12, 13, 26, 27]);
// A text has next to no other control characters; a run of zeros, as a crash leaves it in a log, counts once.
const MOST_ODD = 3;
const ODD_SHARE = 0.02;

// What units of UTF-16 are where they are letters, signs and spaces.
const WIDE =
  /[\t\n\r -~\u00a0-\u024f\u0370-\u06ff\u0900-\u0e7f\u1e00-\u1fff\u2010-\u2027\u20ac\u2116\u2122\u2190-\u21ff\u2500-\u25ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]|\p{So}|[\u{10000}-\u{10ffff}]/u;
const WIDE_SHARE = 0.9;
// Nearly a half of all units are letters of East Asia, so whatever is taken for UTF-16 looks like them.
const EASTERN = /[\u3000-\u9fff\uac00-\ud7a3]/;
const EASTERN_MODELS = ["simplified", "traditional", "japanese", "korean"];
const EASTERN_FIT = 0.15;
// Of bytes that are mostly plain letters no two are one.
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

/** Return how much of a text is what texts are made of, 0 where it only looks like East Asia.
    @type {(text: string) => number} */
function wideShare(text) {
  const chars = [...text];
  const foreign = chars.filter((char) => char > "\u007f");
  const isEastern = foreign.filter((char) => EASTERN.test(char)).length > foreign.length / 2;
  if (isEastern && EASTERN_MODELS.every((model) => fit(text, model) < EASTERN_FIT)) {
    return 0;
  }
  return chars.filter((char) => WIDE.test(char)).length / chars.length;
}

/** Return UTF-16 with either end first if that is what bytes with control characters among them are.
    @type {(bytes: Uint8Array) => string | null} */
function wideOf(bytes) {
  const head = bytes.subarray(0, Math.min(LOOKED_AT, bytes.length & ~1));
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

/** Return how many letters of several bytes there are in UTF-8, and how many bytes that are none.
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
    // It is none of these, whatever it says.
    return encoding.startsWith("utf-") ? null : encoding;
  } catch {
    return null;
  }
}

/** Return the candidate in which the first letters beyond ASCII make the best text.
    @type {(bytes: Uint8Array) => string} */
function likeliest(bytes) {
  const first = bytes.findIndex((byte) => byte > 127);
  const start = bytes.lastIndexOf(LINE_FEED, first) + 1;
  const sample = bytes.subarray(start, start + LOOKED_AT);
  let best = FALLBACK;
  let most = -Infinity;
  for (const [encoding, model, handicap = 0] of CANDIDATES) {
    const value = fit(new TextDecoder(encoding).decode(sample, { stream: true }), model) - handicap;
    if (value > most) {
      best = encoding;
      most = value;
    }
  }
  return best;
}

/** Return the encoding that `bytes` are probably written in; null for what is no text. Of mere ASCII, which is the
    same in most, it is "ascii". Of a text that `isCut` the last letter may not be whole.
    @type {(bytes: Uint8Array, isCut?: boolean) => string | null} */
export function guess(bytes, isCut = false) {
  const [, marked] = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte)) ?? [];
  if (marked) {
    return marked;
  }
  const odd = countOdd(bytes);
  if (odd > 0) {
    const wide = wideOf(bytes);
    if (wide || odd > Math.max(MOST_ODD, bytes.length * ODD_SHARE)) {
      return wide;
    }
  }
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, LOOKED_AT));
  if (TO_JAPANESE.some((mark) => head.includes(mark))) {
    return "iso-2022-jp";
  }
  const { letters, faults } = countUtf8(bytes, isCut);
  if (letters + faults === 0) {
    return "ascii";
  }
  return faults > letters ? (declaredIn(bytes) ?? likeliest(bytes)) : "utf-8";
}

/** Return `bytes` as text; what they cannot be in this encoding is U+FFFD, and a zero can be seen. Of a text that
    `isCut` the last letter is left out unless it is whole.
    @type {(bytes: Uint8Array, encoding: string, isCut?: boolean) => string} */
export const decode = (bytes, encoding, isCut = false) =>
  new TextDecoder(encoding === "ascii" ? "utf-8" : encoding)
    .decode(bytes, { stream: isCut })
    .replaceAll("\0", "\u2400");
