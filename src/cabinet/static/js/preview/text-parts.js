/* A long text in parts of one size, each of whole lines, fetched when it is wanted.

   Rule: where a part ends the next begins, whichever of them is fetched first: both look at the same bytes. */

import { contentUrl, send } from "../core/http.js";

/** @import { Entry } from "../list/list.js" */

// More than anybody reads at once, and what a browser lays out without a pause. Even, as units of UTF-16 are.
export const PART_BYTES = 250_000;
// How far behind the end of a part the end of its last line is looked for; a longer line is cut.
const SLACK_BYTES = 4_096;
const LINE_FEED = 10;
const RANGE_TOTAL = /\/(\d+)$/;

/** Return how many parts `total` bytes are; the last of them is half as long to half as long again.
    @type {(total: number) => number} */
export const countParts = (total) => Math.max(Math.round(total / PART_BYTES), 1);

/** Return the place in `bytes` behind the first end of a line at `at` or, if that is the start of a line, `at`
    itself; where none comes within the slack, the first place where a letter of UTF-8 may begin.
    @type {(bytes: Uint8Array, at: number, encoding: string | null) => number} */
function lineStart(bytes, at, encoding) {
  const isWide = encoding?.startsWith("utf-16");
  const unit = isWide ? 2 : 1;
  const stop = Math.min(at + SLACK_BYTES, bytes.length - unit + 1);
  for (let place = at - unit; place < stop; place += unit) {
    const value = isWide ? bytes[place] + bytes[place + 1] : bytes[place];
    // The other half of a wide one is 0.
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

/** A part that was fetched: `bytes` from `start` on, and `total`, of all the file. */
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

  /** Return its lines in an encoding, as bytes.
      @type {(encoding: string | null) => Uint8Array} */
  lines(encoding) {
    const { bytes, index, offset } = this;
    /** @type {(edge: number) => number} */
    const at = (edge) => lineStart(bytes, edge * PART_BYTES - offset, encoding);
    return bytes.subarray(this.isFirst ? 0 : at(index), this.isLast ? bytes.length : at(index + 1));
  }
}

/** Fetch the part `index` of a file of `total` bytes, or if that is shorter now its last; raises `Failure`.
    @type {(entry: Entry, index: number, total: number) => Promise<Part>} */
export async function fetchPart(entry, index, total) {
  const count = countParts(total);
  const isLast = index >= count - 1;
  // What comes before the part tells whether it begins with a line; two bytes are a unit of any encoding.
  const from = Math.max(index * PART_BYTES - 2, 0);
  const to = isLast ? "" : (index + 1) * PART_BYTES + SLACK_BYTES - 1;
  const response = await send("GET", contentUrl(entry.path), null, {
    Accept: "*/*",
    Range: `bytes=${from}-${to}`,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const [, told] = RANGE_TOTAL.exec(response.headers.get("Content-Range") ?? "") ?? [];
  // Without ranges it is all there is.
  const now = told === undefined ? bytes.length : Number(told);
  const offset = told === undefined ? 0 : from;
  // It has grown or shrunk meanwhile: what was asked for as its end is not.
  if (isLast && countParts(now) !== count) {
    return fetchPart(entry, countParts(now) - 1, now);
  }
  return new Part(Math.min(index, count - 1), bytes, offset, now);
}
