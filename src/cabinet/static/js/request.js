/* The first script of a request for files: a page that takes files and lists nothing. The page works without scripts,
   so the rest is loaded on the first sign of interaction, or to show what this browser has sent before.

   Rule: small, because every first view loads it. */

import { around } from "./core/dom.js";

const TRIGGERS = ["pointerover", "pointerdown", "focusin", "dragenter", "touchstart"];

/** @type {Promise<unknown> | null} */
let loading = null;
let isReady = false;

async function load() {
  await import("./ui/styles.js");
  const { bindFileSources } = await import("./upload/pick.js");
  await bindFileSources(() => import("./upload/requesting.js"));
  isReady = true;
  document.body.classList.add("is-ready");
}

/** Load the rest, once; if that fails, the form keeps working without scripts.
    @type {() => Promise<unknown>} */
function start() {
  loading ??= load().catch(() => {});
  return loading;
}

/** Return whether this browser has sent something before; storage may be blocked. */
function hasState() {
  try {
    return Object.keys(localStorage).some((key) => /^(sent:|tus::)/.test(key));
  } catch {
    return false;
  }
}

/** Hold a choice of files until it can be handled.
    @type {(event: Event) => void} */
function hold(event) {
  const input = isReady ? null : around(event, "input[type=file]", HTMLInputElement);
  if (input) {
    event.stopImmediatePropagation();
    start().then(() => isReady && input.dispatchEvent(new Event("change", { bubbles: true })));
  }
}

/** Reject drops until they can be handled; the browser would leave the page.
    @type {(event: DragEvent) => void} */
function refuse(event) {
  if (!isReady) {
    event.preventDefault();
  }
}

TRIGGERS.forEach((type) =>
  document.addEventListener(type, start, { capture: true, once: true, passive: true }),
);
document.addEventListener("change", hold, true);
document.addEventListener("dragover", refuse, true);
document.addEventListener("drop", refuse, true);
if (hasState()) {
  start();
}
