/* Where the pixels of a picture come from: its file, or a smaller picture that the server makes of it.

   Of what no browser need know (HEIC, TIFF) it is the server's, everywhere. Of a large file it is, too, while
   the screen has no use for more; whoever zooms gets the file. Where one cannot be shown, the other may.

   Rule: nothing is asked for that the server makes of no file of its kind. */

import { ask, encoded, ownUrl, root, shownUrl, successOf } from "../core/http.js";

/** @import { Entry } from "../list/list.js" */

/** Where a picture may be had (see `sourcesOf`).
    @typedef {{ url: string, isMade: boolean, isOpaque?: boolean, patience?: number }} Source */

// The square that the server's picture fits into (services/thumbnails/decoding.py).
const PREVIEW_PX = 1600;
// What is smaller is there as soon as a picture that has yet to be made.
const LARGE_BYTES = 1_000_000;
// Nobody sees more than so many dots to a pixel of a page.
const MOST_DOTS = 2;
// What most photographs are, held upright or not.
const SHAPE = 4 / 3;
// How long the server's picture is waited for, where there is no other, and where there is.
const PATIENCE_MS = 60_000;
const SHORT_PATIENCE_MS = 4_000;

const OURS_ALONE = new Set(["image/heic", "image/heif", "image/tiff"]);
const MADE = new Set(["image/avif", "image/gif", "image/jpeg", "image/png", "image/webp", ...OURS_ALONE]);

/** Tell whether the picture that the server makes has all the pixels that a photograph gets on a stage.
    @type {(stage: HTMLElement) => boolean} */
function isScreenSmall(stage) {
  const { clientWidth, clientHeight } = stage;
  const widest = Math.max(
    Math.min(clientWidth, clientHeight * SHAPE),
    Math.min(clientHeight, clientWidth * SHAPE),
  );
  return widest * Math.min(devicePixelRatio, MOST_DOTS) <= PREVIEW_PX;
}

/** Return the address of the server's picture: the one that the row shows, in another size.
    @type {(entry: Entry) => string} */
function madeUrl({ path, row }) {
  const thumb = row?.querySelector(".thumb");
  if (!(thumb instanceof HTMLImageElement) || !thumb.src) {
    return ownUrl(`${root}thumbnails/${encoded(path)}`, { size: String(PREVIEW_PX) });
  }
  const url = new URL(thumb.src);
  url.searchParams.set("size", String(PREVIEW_PX));
  return url.href;
}

/** Return where the picture of `entry` may be had for a stage, what is best first. `isMade` tells the server's
    from the file, `isOpaque` that no pixel can be seen through, and `patience` how long it is worth waiting for.
    @type {(entry: Entry, stage: HTMLElement) => Source[]} */
export function sourcesOf(entry, stage) {
  const file = { url: shownUrl(entry.path), isMade: false, isOpaque: entry.mediaType === "image/jpeg" };
  if (!MADE.has(entry.mediaType ?? "")) {
    return [file];
  }
  const isOurs = OURS_ALONE.has(entry.mediaType ?? "");
  const isBetter = isOurs || (entry.size > LARGE_BYTES && isScreenSmall(stage));
  const made = { url: madeUrl(entry), isMade: true, patience: isOurs ? PATIENCE_MS : SHORT_PATIENCE_MS };
  return isBetter ? [made, file] : [file, made];
}

/** Tell whether browsers show the file itself.
    @type {(entry: Entry) => boolean} */
export const isShowable = ({ mediaType }) => !OURS_ALONE.has(mediaType ?? "");

/** Wait until the server has made a picture; returns false when it will not, or not in time. Raises `Failure`.
    @type {(source: Source, signal: AbortSignal) => Promise<boolean>} */
async function comes({ url, patience = 0 }, signal) {
  for (let waited = 0; ; ) {
    const answer = await successOf(ask("HEAD", url));
    signal.throwIfAborted();
    if (answer.status !== 202) {
      return answer.status === 200;
    }
    const again = 1000 * (Number(answer.headers.get("Retry-After")) || 1);
    waited += again;
    if (waited > patience) {
      return false;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, again);
    });
    signal.throwIfAborted();
  }
}

/** Tell whether the first pixel of `image` is there, which is in any of the corners: a photograph may be turned.
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

/** Have `image` show what is at `url`; returns whether it does.
    @type {(image: HTMLImageElement, source: Source) => Promise<boolean>} */
async function shows(image, { url, isOpaque }) {
  // The same address again would be no reason to fetch it again.
  image.removeAttribute("src");
  image.src = url;
  return image.decode().then(
    // Of one that was cut off a browser shows as much as there is, be it nothing.
    () => !isOpaque || hasBegun(image),
    () => false,
  );
}

/** @type {(image: HTMLImageElement, source: Source, signal: AbortSignal) => Promise<boolean>} */
async function load(image, source, signal) {
  if (await shows(image, source)) {
    return true;
  }
  signal.throwIfAborted();
  return source.isMade && (await comes(source, signal)) && shows(image, source);
}

/** Have `image` show the first of `sources` that can be shown, and return it; null when none can. Raises `Failure`
    where the server refuses its picture.
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
