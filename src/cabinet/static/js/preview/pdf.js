/* The pages of a PDF, rendered by PDF.js when they become visible.

   Rule: the file is parsed in a worker without network access (web/assets.py), without `eval`. Pages are canvases
   with a text layer. Scripts, links and forms of a PDF do not work: the code for them is not loaded. */

import { byId, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { contentUrl } from "../core/http.js";
import { USER_HEADER, user } from "../core/identity.js";
import { text } from "../core/texts.js";
import { PreviewError } from "./fallback.js";
import { PdfPage } from "./pdf-page.js";
import { offerZoom } from "./zoom.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Place } from "./viewers.js" */

const LIBRARY = new URL("../../vendor/pdfjs-6.5.438/", import.meta.url).href;
// The range size for large files: few requests, and not much more than a page needs.
const RANGE_BYTES = 256 * 1024;
// The maximum pixels of one picture in a file, against memory exhaustion.
const IMAGE_PIXELS = 100_000_000;
// The maximum number of pages; each has a box from the start.
const MAX_PAGES = 2_000;
const MARGIN_PX = 24;
const MAX_WIDTH_PX = 900;
const ZOOMS = [0.5, 4];

// Data that the worker requests, and its folder.
/** @type {Record<string, string>} */
const DATA = { cMapUrl: "cmaps/", standardFontDataUrl: "fonts/" };
const DATA_NAME = /^[\w-]+\.(bcmap|pfb)$/;

/** Fetches character maps and fonts for the worker, and nothing else. */
class LibraryData {
  /** @type {(asked: { kind: string, filename: string }) => Promise<Uint8Array>} */
  async fetch({ kind, filename }) {
    if (!Object.hasOwn(DATA, kind) || !DATA_NAME.test(filename)) {
      throw new Error("no data of the library");
    }
    const response = await fetch(`${LIBRARY}${DATA[kind]}${filename}`);
    if (!response.ok) {
      throw new Error("not there");
    }
    return new Uint8Array(await response.arrayBuffer());
  }
}

/** @type {(entry: Entry, signal: AbortSignal) => Promise<{ pdfjs: any, file: any }>} */
async function open(entry, signal) {
  const pdfjs = await import(`${LIBRARY}pdf.min.mjs`);
  signal.throwIfAborted();
  pdfjs.GlobalWorkerOptions.workerSrc = `${LIBRARY}pdf.worker.min.mjs`;
  const task = pdfjs.getDocument({
    url: contentUrl(entry.path),
    httpHeaders: { [USER_HEADER]: user },
    BinaryDataFactory: LibraryData,
    rangeChunkSize: RANGE_BYTES,
    disableAutoFetch: true,
    disableStream: true,
    enableXfa: false,
    maxImageSize: IMAGE_PIXELS,
    useWasm: false,
    useWorkerFetch: false,
    wasmUrl: LIBRARY,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
  });
  signal.addEventListener("abort", () => task.destroy());
  try {
    return { pdfjs, file: await task.promise };
  } catch (failure) {
    throw failure.name === "PasswordException" ? new PreviewError(text("preview-password")) : failure;
  }
}

/** The pages in a column, as wide as the stage times the zoom. */
class Pages {
  /** PDF.js objects have no types.
      @param {any} first
      @param {any} file
      @param {any} pdfjs
      @param {Place} place */
  constructor(first, file, pdfjs, { stage, signal }) {
    this.stage = stage;
    this.factor = 1;
    this.width = first.getViewport({ scale: 1 }).width;
    this.box = document.createElement("div");
    this.box.className = "pdf";
    const count = Math.min(file.numPages, MAX_PAGES);
    this.pages = Array.from({ length: count }, (_, index) => new PdfPage(file, index + 1, pdfjs, first));
    this.box.append(...this.pages.map((page) => page.box));
    stage.replaceChildren(this.box);
    this.resize();
    this.watch(signal);
  }

  get scale() {
    const room = Math.min(this.stage.clientWidth - 2 * MARGIN_PX, MAX_WIDTH_PX);
    return (Math.max(room, 200) / this.width) * this.factor;
  }

  /** Resize every page; visible ones are rendered again. */
  resize() {
    const place = this.stage.scrollTop / Math.max(this.stage.scrollHeight, 1);
    this.stage.classList.toggle("is-wide", this.factor > 1);
    this.pages.forEach((page) => page.resize(this.scale));
    this.stage.scrollTop = place * this.stage.scrollHeight;
  }

  /** Render the pages that come near, and release those that are far away.
      @type {(signal: AbortSignal) => void} */
  watch(signal) {
    /** @type {Map<Element, PdfPage>} */
    const byBox = new Map(this.pages.map((page) => [page.box, page]));
    const watcher = new IntersectionObserver(
      (changes) =>
        changes.forEach(({ target, isIntersecting }) => byBox.get(target)?.setNear(isIntersecting)),
      { root: this.stage, rootMargin: "50% 0px" },
    );
    this.pages.forEach((page) => watcher.observe(page.box));
    signal.addEventListener("abort", () => {
      watcher.disconnect();
      this.stage.classList.remove("is-wide");
      this.pages.forEach((page) => page.setNear(false));
    });
  }

  /** The number of the page in the middle of the stage. */
  get current() {
    const middle = this.stage.scrollTop + this.stage.clientHeight / 2;
    const index = this.pages.findLastIndex((page) => page.box.offsetTop <= middle);
    return Math.max(index, 0) + 1;
  }

  /** @type {(to: number) => void} */
  go(to) {
    const page = this.pages[to - 1];
    if (page) {
      this.stage.scrollTo({ top: page.box.offsetTop - MARGIN_PX / 2 });
    }
  }
}

/** @type {(pages: Pages, place: Place) => void} */
function offerPages(pages, { stage, tools, signal }) {
  const shown = document.importNode(byId("preview-pages", HTMLTemplateElement).content, true);
  const [back, on] = parts(shown, "button");
  const label = part(shown, ".preview-page");
  const count = pages.pages.length;
  const tell = () => {
    const { current } = pages;
    label.textContent = text("preview-position", { index: number(current), count: number(count) });
    back.setAttribute("aria-disabled", String(current === 1));
    on.setAttribute("aria-disabled", String(current === count));
  };
  back.addEventListener("click", () => pages.go(pages.current - 1));
  on.addEventListener("click", () => pages.go(pages.current + 1));
  stage.addEventListener("scroll", tell, { signal, passive: true });
  tools.append(shown);
  tell();
}

/** Show a PDF.
    @type {(entry: Entry, place: Place) => Promise<void>} */
export async function show(entry, place) {
  const { pdfjs, file } = await open(entry, place.signal);
  const first = await file.getPage(1);
  place.signal.throwIfAborted();
  const pages = new Pages(first, file, pdfjs, place);
  offerPages(pages, place);
  offerZoom(place, (factor) => {
    pages.factor = factor === null ? 1 : Math.min(Math.max(pages.factor * factor, ZOOMS[0]), ZOOMS[1]);
    pages.resize();
  });
  window.addEventListener("resize", () => pages.resize(), { signal: place.signal });
}
