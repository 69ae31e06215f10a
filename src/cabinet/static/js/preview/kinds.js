/* Which viewer shows a file, by media type.

   Rule: formats that can run scripts (HTML, XML) are shown as text only; SVG is shown as a picture, where browsers
   run nothing. */

// Whether downloads through this link are limited: each view of a file itself would be one.
export const isLimited = document.getElementById("main")?.dataset.limited !== undefined;

const SVG = "image/svg+xml";
const IMAGES = new Set([
  "apng",
  "avif",
  "bmp",
  "gif",
  "heic",
  "heif",
  "jpeg",
  "png",
  "svg+xml",
  "tiff",
  "webp",
  "x-icon",
  "vnd.microsoft.icon",
]);
const APPLICATION_TEXTS =
  /^(json|ld\+json|xml|javascript|x-javascript|ecmascript|typescript|toml|yaml|x-yaml|sql|x-sql|rtf|x-sh|x-shellscript|x-csh|x-python|x-perl|x-ruby|x-php|x-httpd-php|x-tex|x-latex|x-subrip|graphql|x-ndjson)$|\+(json|xml|yaml)$/;
// Extensions of text files that usually have no media type.
const TEXT_NAMES =
  /\.(asc|bat|cfg|conf|css|csv|diff|diz|env|go|gitignore|inf|ini|java|js|json|jsx|kt|log|lua|md|mjs|nfo|patch|php|pl|properties|ps1|py|rb|reg|rs|rst|sh|sql|srt|svg|swift|tex|toml|ts|tsv|tsx|txt|vtt|vue|xml|ya?ml)$|^(dockerfile|makefile|readme|license|changelog)$/i;
const UNKNOWN = new Set(["", "application/octet-stream"]);

// Pictures that only the server can show, and all that it has its own versions of.
export const SERVER_ONLY = new Set(["image/heic", "image/heif", "image/tiff"]);
const RENDERED = new Set([
  "image/avif",
  "image/gif",
  "image/jpeg",
  "image/png",
  "image/webp",
  ...SERVER_ONLY,
]);

/** Return whether the server can have its own version of a picture.
    @type {(entry: { mediaType?: string }) => boolean} */
export const hasRendition = ({ mediaType }) => RENDERED.has(mediaType ?? "");

/** Return whether a file is an SVG, which has no pixel size.
    @type {(entry: { mediaType?: string }) => boolean} */
export const isDrawing = ({ mediaType }) => mediaType === SVG;

/** Return "image", "video", "audio", "pdf", "text", or "none" without a viewer.
    @type {(entry: { name: string, mediaType?: string }) => string} */
export function kindOf({ name, mediaType = "" }) {
  const [family, subtype = ""] = mediaType.split("/");
  if (family === "image" && IMAGES.has(subtype)) {
    return "image";
  }
  if (mediaType === "application/pdf") {
    return "pdf";
  }
  // TypeScript files are often reported as video/mp2t.
  if (/\.(ts|mts)$/i.test(name)) {
    return "text";
  }
  if (family === "video" || family === "audio") {
    return family;
  }
  const isText = family === "text" || (family === "application" && APPLICATION_TEXTS.test(subtype));
  const looksLikeText = (UNKNOWN.has(mediaType) || family === "image") && TEXT_NAMES.test(name);
  return isText || looksLikeText ? "text" : "none";
}
