/* One page of a PDF: a box of its size, rendered while it is near the visible area.

   Rule: a page that fails to render stays blank and does not affect the others. */

import { number } from "../core/format.js";
import { checkSession } from "../core/identity.js";
import { text } from "../core/texts.js";

// All browsers can draw a canvas of this size; some phones fail above it.
const MAX_PIXELS = 16_000_000;
const FORBIDDEN = 403;

export class PdfPage {
  /** `first` is the first page, whose size the others assume until they are loaded. PDF.js objects have no types.
      @param {any} file
      @param {number} index
      @param {any} pdfjs
      @param {any} first */
  constructor(file, index, pdfjs, first) {
    this.file = file;
    this.index = index;
    this.pdfjs = pdfjs;
    this.page = index === 1 ? first : null;
    this.model = first;
    this.isNear = false;
    /** @type {{ cancel: () => void } | null} */
    this.drawing = null;
    this.scale = 1;
    this.box = document.createElement("div");
    this.box.className = "pdf-page";
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", text("preview-page", { number: number(index) }));
  }

  /** @type {(scale: number) => void} */
  resize(scale) {
    this.scale = scale;
    const { width, height } = (this.page ?? this.model).getViewport({ scale });
    this.box.style.width = `${width}px`;
    this.box.style.height = `${height}px`;
    this.box.style.setProperty("--total-scale-factor", String(scale));
    if (this.isNear) {
      this.forget();
      this.draw();
    }
  }

  /** Render the page when it is near, and release it when it is not.
      @type {(isNear: boolean) => void} */
  setNear(isNear) {
    if (isNear !== this.isNear) {
      this.isNear = isNear;
      if (isNear) {
        this.draw();
      } else {
        this.forget();
      }
    }
  }

  forget() {
    this.drawing?.cancel();
    this.drawing = null;
    this.box.replaceChildren();
  }

  async draw() {
    try {
      if (!this.page) {
        this.page = await this.file.getPage(this.index);
        this.resize(this.scale);
        return;
      }
      await this.paint(this.page.getViewport({ scale: this.scale }));
    } catch (failure) {
      // Cancelled, rendered in another size meanwhile, or damaged; or the session has ended.
      if (failure.status === FORBIDDEN) {
        checkSession();
      }
    }
  }

  /** @type {(viewport: any) => Promise<void>} */
  async paint(viewport) {
    const { page, pdfjs } = this;
    const pixels = viewport.width * viewport.height;
    const ratio = Math.min(devicePixelRatio, Math.sqrt(MAX_PIXELS / pixels));
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width * ratio);
    canvas.height = Math.floor(viewport.height * ratio);
    const transform = ratio === 1 ? null : [ratio, 0, 0, ratio, 0, 0];
    const drawing = page.render({ canvas, viewport, transform });
    this.drawing = drawing;
    await drawing.promise;
    const layer = document.createElement("div");
    layer.className = "pdf-text";
    const words = new pdfjs.TextLayer({
      textContentSource: page.streamTextContent(),
      container: layer,
      viewport,
    });
    this.box.replaceChildren(canvas, layer);
    await words.render();
  }
}
