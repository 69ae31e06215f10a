/* How a file is looked at, by its media type.

   Rule: what could run a script of its own (HTML, XML) is text here, and nothing else; a drawing (SVG) is
   a picture, in which a browser runs nothing. */

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
// Those that most systems have no media type for.
const TEXT_NAMES =
  /\.(asc|bat|cfg|conf|css|csv|diff|diz|env|go|gitignore|inf|ini|java|js|json|jsx|kt|log|lua|md|mjs|nfo|patch|php|pl|properties|ps1|py|rb|reg|rs|rst|sh|sql|srt|svg|swift|tex|toml|ts|tsv|tsx|txt|vtt|vue|xml|ya?ml)$|^(dockerfile|makefile|readme|license|changelog)$/i;
const UNKNOWN = new Set(["", "application/octet-stream"]);

/** Tell whether a file is a drawing, which has no pixels of its own.
    @type {(entry: { mediaType?: string }) => boolean} */
export const isDrawing = ({ mediaType }) => mediaType === SVG;

/** Return "image", "video", "audio", "pdf", "text", or "none" for what cannot be looked at.
    @type {(entry: { name: string, mediaType?: string }) => string} */
export function kindOf({ name, mediaType = "" }) {
  const [family, subtype = ""] = mediaType.split("/");
  if (family === "image" && IMAGES.has(subtype)) {
    return "image";
  }
  if (mediaType === "application/pdf") {
    return "pdf";
  }
  // Systems take a script in TypeScript for a film: both are called .ts.
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
