/* The display name of a file's type. */

import { text } from "../core/texts.js";
import { kindOf } from "../preview/kinds.js";

/** @import { Entry } from "../list/rows.js" */

// By media type; the first match counts.
/** @type {[string, RegExp][]} */
const TYPES = [
  ["kind-picture", /^image\//],
  ["kind-film", /^video\//],
  ["kind-sound", /^audio\//],
  ["kind-pdf", /^application\/pdf$/],
  ["kind-archive", /(zip|x-tar|gzip|x-bzip2?|x-xz|zstd|x-7z-compressed|vnd\.rar|x-rar)/],
  ["kind-table", /(spreadsheet|ms-excel|\/csv$|tab-separated)/],
  ["kind-slides", /(presentation|ms-powerpoint)/],
  ["kind-document", /(wordprocessing|msword|opendocument\.text|\/rtf$|epub)/],
];

/** Return the display name of an entry's type.
    @type {(entry: Entry) => string} */
export function typeName(entry) {
  if (entry.kind === "folder") {
    return text("kind-folder");
  }
  const [key] = TYPES.find(([, pattern]) => pattern.test(entry.mediaType ?? "")) ?? [];
  return text(key ?? (kindOf(entry) === "text" ? "kind-text" : "kind-file"));
}
