/* The first script of a page with a list. The page is whole without scripts, so those that work on it
   are fetched when there is a sign of somebody: a pointer, a key, the focus, a finger.

   What is done before they are there is held, and done again once they are.

   Rule: little, for every first view waits for it; knows what may come, and nothing of what it does. */

import { byId } from "./core/dom.js";

const SIGNS = ["pointerover", "pointerdown", "focusin", "dragenter", "touchstart"];
const MOVES = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"];
const KEYS = new Set([...MOVES, "Enter", "Delete", "F2"]);
const WITH_CONTROL = new Set(["a", "z"]);

const list = byId("list");
/** @type {[EventTarget, Event][]} */
const held = [];
let isLoading = false;
let isReady = false;

/** Fetch what works on the page, once; without a line the page is what it is without scripts. */
function start() {
  if (!isLoading) {
    isLoading = true;
    import("./workbench.js").then(({ ready }) => ready).then(release, release);
  }
}

/** @type {(event: MouseEvent) => boolean} */
function isPlain({ ctrlKey, metaKey, shiftKey, altKey }) {
  return !(ctrlKey || metaKey || shiftKey || altKey);
}

/** What the browser would do with each kind of event, and scripts do otherwise.
    @type {Record<string, (event: any) => unknown>} */
const IS_HELD = {
  click: (event) =>
    event.isTrusted &&
    event.target.closest("#list, .views, [data-command], #new-folder") &&
    (isPlain(event) || !event.target.closest("a")),
  contextmenu: ({ target }) => "popover" in target && target.closest("#rows"),
  dblclick: ({ target }) => target.closest("#rows"),
  keydown: ({ key, target, ctrlKey, metaKey, altKey }) =>
    !altKey &&
    (list.contains(target) || target === document.body || target.id === "main") &&
    (ctrlKey || metaKey ? WITH_CONTROL.has(key) : KEYS.has(key) || key.length === 1),
  paste: ({ clipboardData }) => clipboardData?.files.length > 0,
  change: ({ target }) => target.type === "file",
};

/** Return an event that says once more what `event` said. What is on a clipboard is gone by then, but for the
    files; in Firefox no event that a script makes has a clipboard with files.
    @type {(event: any) => Event} */
function copyOf(event) {
  const copy = new event.constructor(event.type, event);
  if (event.type === "paste") {
    Object.defineProperty(copy, "clipboardData", { value: { files: [...event.clipboardData.files] } });
  }
  return copy;
}

/** @type {(event: Event) => void} */
function hold(event) {
  if (isReady) {
    return;
  }
  start();
  if (event.target && IS_HELD[event.type](event)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    held.push([event.target, copyOf(event)]);
  }
}

/** @type {(target: EventTarget) => HTMLElement | null} */
const pressable = (target) => (target instanceof HTMLElement ? target : null);

/** Tell whether a key presses what it is pressed on.
    @type {(event: Event, target: EventTarget) => boolean} */
const isPress = (event, target) =>
  event instanceof KeyboardEvent &&
  (event.key === "Enter" ||
    (event.key === " " && pressable(target)?.matches("button, input, summary") === true));

/** Do again what was held; a key that nobody minded is the click that it would have been.
    @type {(held: [EventTarget, Event]) => void} */
function redo([target, event]) {
  const isUnminded = target.dispatchEvent(event);
  if (isUnminded && isPress(event, target)) {
    pressable(target)?.click();
  }
}

function release() {
  isReady = true;
  document.body.classList.add("is-ready");
  held.splice(0).forEach(redo);
  const field = byId("search-input", HTMLInputElement);
  if (field.value !== field.defaultValue) {
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Until somebody can take what is dropped, nothing can be.
    @type {(event: DragEvent) => void} */
function refuse(event) {
  if (!isReady) {
    event.preventDefault();
    if (event.dataTransfer) {
      event.dataTransfer.dropEffect = "none";
    }
  }
}

/** Tell whether the page is to be as it was left, which nobody has to ask for. */
function isKept() {
  const [navigation] = performance.getEntriesByType("navigation");
  /** @type {Record<string, string>} */
  const keys = { details: "open" };
  try {
    return (
      /** @type {PerformanceNavigationTiming} */ (navigation).type !== "navigate" ||
      Boolean(location.hash || history.state) ||
      Object.keys(localStorage).some(
        (key) => key.startsWith("tus::") || localStorage.getItem(key) === keys[key],
      )
    );
  } catch {
    return false;
  }
}

Object.keys(IS_HELD).forEach((type) => document.addEventListener(type, hold, true));
SIGNS.forEach((type) => document.addEventListener(type, start, { capture: true, once: true, passive: true }));
document.addEventListener("dragover", refuse, true);
document.addEventListener("drop", refuse, true);
if (isKept()) {
  start();
}
if (list.querySelector(".thumb")) {
  // Without it, or without a line, pictures come as they come.
  import("./list/thumbnails.js").then(
    ({ bindPictures }) => bindPictures(),
    () => {},
  );
}
