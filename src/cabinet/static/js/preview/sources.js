/* The sources of a picture: the file itself, or a smaller version made by the server.

   Formats that no browser needs to support (HEIC, TIFF) use the server's version. So do large files while the screen
   needs no more pixels; zooming in loads the file. Each is the fallback of the other. Through a link the server's
   version comes first, because the file itself counts as a download, and alone where downloads are limited.

   Rule: requests a server version only for formats that have one. */

import { base, encoded, inlineUrl, ownUrl, request, successOf } from "../core/http.js";
import { isGuest } from "../core/identity.js";
import { hasRendition, isLimited, SERVER_ONLY } from "./kinds.js";

/** @import { Entry } from "../list/rows.js" */

/** A source of a picture (see `sourcesOf`).
    @typedef {{ url: string, isRendition: boolean, isOpaque?: boolean, timeout?: number }} Source */

// The square that the server's version fits into (services/thumbnails/decoding.py).
const PREVIEW_PX = 1600;
// Smaller files load as fast as a version that still has to be made.
const LARGE_BYTES = 1_000_000;
// Higher pixel densities make no visible difference.
const MAX_PIXEL_RATIO = 2;
// The aspect ratio of most photographs.
const SHAPE = 4 / 3;
// How long to wait for the server's version: as the only source, and with a fallback.
const TIMEOUT_MS = 60_000;
const FALLBACK_TIMEOUT_MS = 4_000;

/** Return whether the server's version has enough pixels for a photograph on the stage.
    @type {(stage: HTMLElement) => boolean} */
function isScreenSmall(stage) {
  const { clientWidth, clientHeight } = stage;
  const widest = Math.max(
    Math.min(clientWidth, clientHeight * SHAPE),
    Math.min(clientHeight, clientWidth * SHAPE),
  );
  return widest * Math.min(devicePixelRatio, MAX_PIXEL_RATIO) <= PREVIEW_PX;
}

/** Return the address of the server's version: that of the thumbnail in the row, in another size.
    @type {(entry: Entry) => string} */
function renditionUrl({ path, row }) {
  const thumb = row?.querySelector(".thumb");
  if (!(thumb instanceof HTMLImageElement) || !thumb.src) {
    return ownUrl(`${base}thumbnails/${encoded(path)}`, { size: String(PREVIEW_PX) });
  }
  const url = new URL(thumb.src);
  url.searchParams.set("size", String(PREVIEW_PX));
  return url.href;
}

/** Return the sources of the picture of `entry` for a stage, the best first. `isRendition` marks the server's
    version, `isOpaque` a format without transparency, and `timeout` is how long to wait for it, in milliseconds.
    @type {(entry: Entry, stage: HTMLElement) => Source[]} */
export function sourcesOf(entry, stage) {
  const file = { url: inlineUrl(entry.path), isRendition: false, isOpaque: entry.mediaType === "image/jpeg" };
  if (!hasRendition(entry)) {
    return isLimited ? [] : [file];
  }
  const isServerOnly = SERVER_ONLY.has(entry.mediaType ?? "");
  const isBetter = isServerOnly || (entry.size > LARGE_BYTES && isScreenSmall(stage));
  const rendition = {
    url: renditionUrl(entry),
    isRendition: true,
    timeout: isServerOnly ? TIMEOUT_MS : FALLBACK_TIMEOUT_MS,
  };
  if (isLimited) {
    return [{ ...rendition, timeout: TIMEOUT_MS }];
  }
  return isBetter || isGuest ? [rendition, file] : [file, rendition];
}

/** Return whether browsers can show the file itself.
    @type {(entry: Entry) => boolean} */
export const isShowable = ({ mediaType }) => !isLimited && !SERVER_ONLY.has(mediaType ?? "");

/** Wait until the server has made its version; resolves to false if it cannot, or not in time. Raises `Failure`.
    @type {(source: Source, signal: AbortSignal) => Promise<boolean>} */
async function waitForRendition({ url, timeout = 0 }, signal) {
  for (let waited = 0; ; ) {
    const answer = await successOf(request("HEAD", url));
    signal.throwIfAborted();
    if (answer.status !== 202) {
      return answer.status === 200;
    }
    const again = 1000 * (Number(answer.headers.get("Retry-After")) || 1);
    waited += again;
    if (waited > timeout) {
      return false;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, again);
    });
    signal.throwIfAborted();
  }
}

/** Return whether the first pixel of `image` is decoded; after rotation it can be in any corner.
    @type {(image: HTMLImageElement) => boolean} */
function hasBegun(image) {
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(1, 1).getContext("2d")
  );
  const { naturalWidth: width, naturalHeight: height } = image;
  for (const x of [0, width - 1]) {
    for (const y of [0, height - 1]) {
      context.drawImage(image, x, y, 1, 1, 0, 0, 1, 1);
    }
  }
  return context.getImageData(0, 0, 1, 1).data[3] > 0;
}

/** Load `url` into `image`; resolves to whether it can be shown.
    @type {(image: HTMLImageElement, source: Source) => Promise<boolean>} */
async function loadInto(image, { url, isOpaque }) {
  // The same address again would not be fetched again.
  image.removeAttribute("src");
  image.src = url;
  return image.decode().then(
    // Browsers show as much of a truncated file as there is, even if it is nothing.
    () => !isOpaque || hasBegun(image),
    () => false,
  );
}

/** @type {(image: HTMLImageElement, source: Source, signal: AbortSignal) => Promise<boolean>} */
async function load(image, source, signal) {
  if (await loadInto(image, source)) {
    return true;
  }
  signal.throwIfAborted();
  return source.isRendition && (await waitForRendition(source, signal)) && loadInto(image, source);
}

/** Load the first of `sources` that works into `image` and return it, null if none does. Raises `Failure` if the
    server refuses its version.
    @type {(image: HTMLImageElement, sources: Source[], signal: AbortSignal) => Promise<Source | null>} */
export async function showFirst(image, sources, signal) {
  for (const source of sources) {
    if (await load(image, source, signal)) {
      return source;
    }
    signal.throwIfAborted();
  }
  return null;
}
