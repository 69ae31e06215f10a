/* What people call a kind of file. */

import { text } from "../core/texts.js";
import { kindOf } from "../preview/kinds.js";

/** @import { Entry } from "../list/list.js" */

// By media type; the first that fits.
/** @type {[string, RegExp][]} */
const WORDS = [
  ["kind-picture", /^image\//],
  ["kind-film", /^video\//],
  ["kind-sound", /^audio\//],
  ["kind-pdf", /^application\/pdf$/],
  ["kind-archive", /(zip|x-tar|gzip|x-bzip2?|x-xz|zstd|x-7z-compressed|vnd\.rar|x-rar)/],
  ["kind-table", /(spreadsheet|ms-excel|\/csv$|tab-separated)/],
  ["kind-slides", /(presentation|ms-powerpoint)/],
  ["kind-document", /(wordprocessing|msword|opendocument\.text|\/rtf$|epub)/],
];

/** Return the word for what an entry is.
    @type {(entry: Entry) => string} */
export function kindWord(entry) {
  if (entry.kind === "folder") {
    return text("kind-folder");
  }
  const [key] = WORDS.find(([, pattern]) => pattern.test(entry.mediaType ?? "")) ?? [];
  return text(key ?? (kindOf(entry) === "text" ? "kind-text" : "kind-file"));
}
