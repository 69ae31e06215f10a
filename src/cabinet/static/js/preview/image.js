/* Pictures: fitted to the stage, zoomed by click, buttons, keys or wheel, and scrolled.

   Rule: an <img> runs no scripts, whatever its content, including SVG. */

import { inlineUrl } from "../core/http.js";
import { isDrawing } from "./kinds.js";
import { isShowable, showFirst, sourcesOf } from "./sources.js";
import { offerZoom } from "./zoom.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Place } from "./viewers.js" */

// A click zooms to the natural size, or by at least this factor.
const CLICK_ZOOM = 2.5;
const MAX_ZOOM = 8;
// A mouse that moved less has clicked.
const MAX_MOVEMENT_PX = 4;

class Zoom {
  /** `isBoundless` marks an SVG, which is sharp at any size; `enlarge()` is called on zooming in.
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

  /** The width of the picture when all of it fits. */
  get fitted() {
    const { image, stage, isBoundless } = this;
    // An SVG may have an aspect ratio and no size.
    const { naturalWidth: width = 0, naturalHeight: height = 0 } = image;
    const [wide, high] = width && height ? [width, height] : [1, 1];
    const scale = Math.min(stage.clientWidth / wide, stage.clientHeight / high, isBoundless ? Infinity : 1);
    return wide * scale;
  }

  /** Zoom to `factor` times the fitted size, keeping the point at `x`, `y` of the window in place.
      @type {(factor: number, x?: number, y?: number) => void} */
  to(factor, x = innerWidth / 2, y = innerHeight / 2) {
    const { image, stage } = this;
    const before = image.getBoundingClientRect();
    this.factor = Math.min(Math.max(factor, 1), MAX_ZOOM);
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
    this.to(this.factor > 1 ? 1 : Math.max(CLICK_ZOOM, this.image.naturalWidth / this.fitted), x, y);
  }
}

/** Scroll the stage by dragging with a mouse; returns a function that tells whether the last press was a drag.
    @type {(stage: HTMLElement, zoom: Zoom, signal: AbortSignal) => () => boolean} */
function bindDragScroll(stage, zoom, signal) {
  let isDragged = false;
  /** @type {{ x: number, y: number, left: number, top: number } | null} */
  let from = null;
  /** @type {(event: PointerEvent) => void} */
  const move = (event) => {
    if (from) {
      isDragged ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > MAX_MOVEMENT_PX;
      stage.scrollTo(from.left - (event.clientX - from.x), from.top - (event.clientY - from.y));
    }
  };
  /** @type {(event: PointerEvent) => void} */
  const press = (event) => {
    isDragged = false;
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
  return () => isDragged;
}

/** Scroll a zoomed picture by arrows; at its edge they change the file.
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
  const wasDragged = bindDragScroll(stage, zoom, signal);
  zoom.image.addEventListener("click", (event) => wasDragged() || zoom.toggle(event.clientX, event.clientY));
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

/** Return a function that replaces a smaller version in `image` by the original file, once.
    @type {(image: HTMLImageElement, entry: Entry, signal: AbortSignal) => () => Promise<void>} */
function enlarger(image, entry, signal) {
  let isAsked = false;
  return async () => {
    if (isAsked) {
      return;
    }
    isAsked = true;
    const full = new Image();
    full.src = inlineUrl(entry.path);
    // If the original cannot be loaded, the smaller one stays.
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
  const enlarge = source.isRendition && isShowable(entry) ? enlarger(image, entry, signal) : () => {};
  bind(new Zoom(image, stage, isDrawing(entry), enlarge), place);
  // Pinch-zoom of the whole page.
  const viewport = visualViewport;
  viewport?.addEventListener("resize", () => viewport.scale > 1 && enlarge(), { signal });
}
