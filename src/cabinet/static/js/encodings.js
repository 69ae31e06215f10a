/* Bytes of a file as text, whatever they were written in.

   Rule: a guess from the bytes alone; what is no text is null. */

// So many bytes tell enough.
const LOOKED_AT = 4096;
const MARKS = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];
// A text has next to no control characters; these few are of its lines, pages and colours.
const ODD = new Set([...Array(32).keys()].filter((code) => ![9, 10, 12, 13, 27].includes(code)));

const decode = (bytes, encoding) => new TextDecoder(encoding).decode(bytes);

function decodeUtf8(bytes) {
  try {
    // A letter may be cut off at the end.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

/** Tell UTF-16 without a mark by its zeros: every other byte of what is mostly Latin. */
function wideOf(head) {
  const zeros = [0, 0];
  head.forEach((byte, index) => (zeros[index % 2] += byte === 0));
  const many = head.length / 5;
  if (zeros[1] > many && zeros[0] === 0) {
    return "utf-16le";
  }
  return zeros[0] > many && zeros[1] === 0 ? "utf-16be" : null;
}

/** Russian comes in words of letters above 127; Western languages have one here and there. */
function narrowOf(head) {
  const isHigh = (byte) => byte >= 0xc0 || byte === 0xa8 || byte === 0xb8;
  let [alone, together] = [0, 0];
  head.forEach((byte, index) => {
    if (isHigh(byte)) {
      const hasNeighbour = isHigh(head[index - 1] ?? 0) || isHigh(head[index + 1] ?? 0);
      together += hasNeighbour;
      alone += !hasNeighbour;
    }
  });
  return together > alone ? "windows-1251" : "windows-1252";
}

/** Return the text that `bytes` hold, the end of which may be cut off; null for what is no text. */
export function toText(bytes) {
  const [, marked] = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte)) ?? [];
  if (marked) {
    return decode(bytes, marked);
  }
  const head = bytes.subarray(0, LOOKED_AT);
  const wide = wideOf(head);
  if (wide) {
    return decode(bytes, wide);
  }
  if (head.some((byte) => ODD.has(byte))) {
    return null;
  }
  return decodeUtf8(bytes) ?? decode(bytes, narrowOf(head));
}
