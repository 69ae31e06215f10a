/* A picture: as large as fits, then larger by click, buttons, keys or wheel; the stage scrolls.

   Rule: an <img> runs nothing, whatever its bytes are, a drawing (SVG) neither. */

import { shownUrl } from "../core/http.js";
import { isDrawing } from "./kinds.js";
import { isShowable, showFirst, sourcesOf } from "./sources.js";
import { offerZoom } from "./zoom.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Place } from "./preview.js" */

// A click goes to the picture's own size, or to this many times of what fits.
const CLICK = 2.5;
const MOST = 8;
// A mouse that moved less has clicked.
const STILL_PX = 4;

class Zoom {
  /** `isBoundless` says of a drawing that it is as sharp in any size; `enlarge()` is called when one looks closer.
      @param {HTMLImageElement} image
      @param {HTMLElement} stage
      @param {boolean} isBoundless
      @param {() => void} enlarge */
  constructor(image, stage, isBoundless, enlarge) {
    this.image = image;
    this.stage = stage;
    this.isBoundless = isBoundless;
    this.enlarge = enlarge;
    this.factor = 1;
    this.to(1);
  }

  /** How wide the picture is when all of it fits. */
  get fitted() {
    const { image, stage, isBoundless } = this;
    // A drawing may have a shape and no size.
    const { naturalWidth: width = 0, naturalHeight: height = 0 } = image;
    const [wide, high] = width && height ? [width, height] : [1, 1];
    const scale = Math.min(stage.clientWidth / wide, stage.clientHeight / high, isBoundless ? Infinity : 1);
    return wide * scale;
  }

  /** Be `factor` times as large as what fits, and keep the point at `x`, `y` of the window in its place.
      @type {(factor: number, x?: number, y?: number) => void} */
  to(factor, x = innerWidth / 2, y = innerHeight / 2) {
    const { image, stage } = this;
    const before = image.getBoundingClientRect();
    this.factor = Math.min(Math.max(factor, 1), MOST);
    const isZoomed = this.factor > 1;
    stage.classList.toggle("is-zoomed", isZoomed);
    image.style.width = isZoomed || this.isBoundless ? `${this.fitted * this.factor}px` : "";
    const after = image.getBoundingClientRect();
    stage.scrollLeft += after.x + ((x - before.x) / before.width) * after.width - x;
    stage.scrollTop += after.y + ((y - before.y) / before.height) * after.height - y;
    if (isZoomed) {
      this.enlarge();
    }
  }

  /** @type {(x: number, y: number) => void} */
  toggle(x, y) {
    this.to(this.factor > 1 ? 1 : Math.max(CLICK, this.image.naturalWidth / this.fitted), x, y);
  }
}

/** Let a mouse pull the stage; returns what tells whether it did since it was pressed.
    @type {(stage: HTMLElement, zoom: Zoom, signal: AbortSignal) => () => boolean} */
function bindPull(stage, zoom, signal) {
  let isPulled = false;
  /** @type {{ x: number, y: number, left: number, top: number } | null} */
  let from = null;
  /** @type {(event: PointerEvent) => void} */
  const move = (event) => {
    if (from) {
      isPulled ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL_PX;
      stage.scrollTo(from.left - (event.clientX - from.x), from.top - (event.clientY - from.y));
    }
  };
  /** @type {(event: PointerEvent) => void} */
  const press = (event) => {
    isPulled = false;
    if (event.pointerType === "mouse" && event.button === 0 && zoom.factor > 1) {
      from = { x: event.clientX, y: event.clientY, left: stage.scrollLeft, top: stage.scrollTop };
      event.preventDefault();
    }
  };
  const release = () => {
    from = null;
  };
  stage.addEventListener("pointerdown", press, { signal });
  window.addEventListener("pointermove", move, { signal });
  window.addEventListener("pointerup", release, { signal });
  return () => isPulled;
}

/** Arrows move over a picture that is larger than the stage, and only at its edge to the next file.
    @type {(event: KeyboardEvent, stage: HTMLElement) => void} */
function scrollByKey(event, stage) {
  const { scrollLeft, scrollWidth, clientWidth } = stage;
  const by = Number(event.key === "ArrowRight") - Number(event.key === "ArrowLeft");
  const rest = by < 0 ? scrollLeft : scrollWidth - clientWidth - scrollLeft;
  if (by && rest > 1) {
    event.preventDefault();
    stage.scrollBy(by * (clientWidth / 4), 0);
  }
}

/** @type {(zoom: Zoom, place: Place) => void} */
function bind(zoom, place) {
  const { stage, dialog, signal } = place;
  const wasPulled = bindPull(stage, zoom, signal);
  zoom.image.addEventListener("click", (event) => wasPulled() || zoom.toggle(event.clientX, event.clientY));
  /** @type {(event: WheelEvent) => void} */
  const wheel = (event) => {
    if (event.ctrlKey) {
      event.preventDefault();
      zoom.to(zoom.factor * Math.exp(-event.deltaY / 200), event.clientX, event.clientY);
    }
  };
  stage.addEventListener("wheel", wheel, { signal, passive: false });
  dialog.addEventListener("keydown", (event) => scrollByKey(event, stage), { signal, capture: true });
  window.addEventListener("resize", () => zoom.to(1), { signal });
  signal.addEventListener("abort", () => stage.classList.remove("is-zoomed"));
  offerZoom(place, (factor) => zoom.to(factor === null ? 1 : zoom.factor * factor));
}

/** Return what has `image` show the file in place of a smaller picture, once.
    @type {(image: HTMLImageElement, entry: Entry, signal: AbortSignal) => () => Promise<void>} */
function enlarger(image, entry, signal) {
  let isAsked = false;
  return async () => {
    if (isAsked) {
      return;
    }
    isAsked = true;
    const full = new Image();
    full.src = shownUrl(entry.path);
    // What cannot be had leaves the smaller one.
    const isThere = await full.decode().then(
      () => true,
      () => false,
    );
    if (isThere && !signal.aborted) {
      image.src = full.src;
    }
  };
}

/** Show a picture.
    @type {(entry: Entry, place: Place) => Promise<void>} */
export async function show(entry, place) {
  const { stage, signal } = place;
  const image = document.createElement("img");
  image.className = "preview-image";
  image.alt = entry.name;
  image.draggable = false;
  const source = await showFirst(image, sourcesOf(entry, stage), signal);
  if (!source) {
    throw new Error("no picture");
  }
  stage.replaceChildren(image);
  const enlarge = source.isMade && isShowable(entry) ? enlarger(image, entry, signal) : () => {};
  bind(new Zoom(image, stage, isDrawing(entry), enlarge), place);
  // Two fingers make the whole page larger.
  const viewport = visualViewport;
  viewport?.addEventListener("resize", () => viewport.scale > 1 && enlarge(), { signal });
}
