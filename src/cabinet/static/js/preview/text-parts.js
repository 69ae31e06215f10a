/* A long text file in parts of whole lines and about the same size, fetched one at a time.

   Rule: adjacent parts agree on their boundary, whichever is fetched first, because both look at the same bytes. */

import { contentUrl, send } from "../core/http.js";

/** @import { Entry } from "../list/rows.js" */

// What a browser lays out without a noticeable delay. Even, as UTF-16 code units are.
export const PART_BYTES = 250_000;
// How far to look for the end of the last line of a part; a longer line is split.
const MAX_LINE_BYTES = 4_096;
const LINE_FEED = 10;
const RANGE_TOTAL = /\/(\d+)$/;

/** Return the number of parts of `total` bytes; the last has half to one and a half times the usual size.
    @type {(total: number) => number} */
export const countParts = (total) => Math.max(Math.round(total / PART_BYTES), 1);

/** Return the offset in `bytes` after the first line break from `at` on, or `at` itself at the start of a line;
    without a line break within the slack, the first offset where a UTF-8 character may begin.
    @type {(bytes: Uint8Array, at: number, encoding: string | null) => number} */
function lineStart(bytes, at, encoding) {
  const isWide = encoding?.startsWith("utf-16");
  const unit = isWide ? 2 : 1;
  const stop = Math.min(at + MAX_LINE_BYTES, bytes.length - unit + 1);
  for (let place = at - unit; place < stop; place += unit) {
    const value = isWide ? bytes[place] + bytes[place + 1] : bytes[place];
    // The other byte of a UTF-16 line feed is 0.
    if (value === LINE_FEED && (!isWide || bytes[place] * bytes[place + 1] === 0)) {
      return place + unit;
    }
  }
  let place = at;
  while (!isWide && place < at + 3 && (bytes[place] & 0xc0) === 0x80) {
    place += 1;
  }
  return place;
}

/** A fetched part: its `bytes` at `offset`, and the `total` size of the file. */
export class Part {
  /** @param {number} index
      @param {Uint8Array} bytes
      @param {number} offset
      @param {number} total */
  constructor(index, bytes, offset, total) {
    this.index = index;
    this.bytes = bytes;
    this.offset = offset;
    this.total = total;
    this.count = countParts(total);
  }

  get isFirst() {
    return this.index === 0;
  }

  get isLast() {
    return this.index === this.count - 1;
  }

  /** Return the whole lines of the part in an encoding, as bytes.
      @type {(encoding: string | null) => Uint8Array} */
  lines(encoding) {
    const { bytes, index, offset } = this;
    /** @type {(edge: number) => number} */
    const at = (edge) => lineStart(bytes, edge * PART_BYTES - offset, encoding);
    return bytes.subarray(this.isFirst ? 0 : at(index), this.isLast ? bytes.length : at(index + 1));
  }
}

/** Fetch part `index` of a file of `total` bytes; the last part if the file is shorter now. Raises `Failure`.
    @type {(entry: Entry, index: number, total: number) => Promise<Part>} */
export async function fetchPart(entry, index, total) {
  const count = countParts(total);
  const isLast = index >= count - 1;
  // The two bytes before the part tell whether it starts with a line.
  const from = Math.max(index * PART_BYTES - 2, 0);
  const to = isLast ? "" : (index + 1) * PART_BYTES + MAX_LINE_BYTES - 1;
  const response = await send("GET", contentUrl(entry.path), null, {
    Accept: "*/*",
    Range: `bytes=${from}-${to}`,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const [, totalText] = RANGE_TOTAL.exec(response.headers.get("Content-Range") ?? "") ?? [];
  // Without range support, the answer is the whole file.
  const now = totalText === undefined ? bytes.length : Number(totalText);
  const offset = totalText === undefined ? 0 : from;
  // The size of the file has changed: the end is somewhere else now.
  if (isLast && countParts(now) !== count) {
    return fetchPart(entry, countParts(now) - 1, now);
  }
  return new Part(Math.min(index, count - 1), bytes, offset, now);
}
