/* The first script of a page with a list. The page works without scripts, so the rest is loaded on the first sign of
   interaction: pointer, key, focus or touch.

   Events before that are held and dispatched again afterwards.

   Rule: small, because every first view loads it; knows which events can occur, not what they do. */

import { byId } from "./core/dom.js";

const TRIGGERS = ["pointerover", "pointerdown", "focusin", "dragenter", "touchstart"];
const MOVES = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"];
const KEYS = new Set([...MOVES, "Enter", "Delete", "F2"]);
const WITH_CONTROL = new Set(["a", "z"]);
const WITH_CONTROL_AND_ALT = new Set(["s"]);

const list = byId("list");
/** @type {[EventTarget, Event][]} */
const held = [];
let isLoading = false;
let isReady = false;

/** Load the rest, once; if that fails, the page keeps working without scripts. */
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

/** Which events of each type are held, because scripts replace the browser's default action.
    @type {Record<string, (event: any) => unknown>} */
const IS_HELD = {
  click: (event) =>
    event.isTrusted &&
    event.target.closest("#list, .views, [data-command], #new-folder") &&
    (isPlain(event) || !event.target.closest("a")),
  contextmenu: ({ target }) => "popover" in target && target.closest("#rows"),
  dblclick: ({ target }) => target.closest("#rows"),
  keydown: ({ key, target, ctrlKey, metaKey, altKey }) =>
    (!altKey || ctrlKey || metaKey) &&
    (list.contains(target) || target === document.body || target.id === "main") &&
    (ctrlKey || metaKey
      ? (altKey ? WITH_CONTROL_AND_ALT : WITH_CONTROL).has(key)
      : KEYS.has(key) || key.length === 1),
  paste: ({ clipboardData }) => clipboardData?.files.length > 0,
  change: ({ target }) => target.type === "file",
};

/** Return a copy of `event` to dispatch again. The clipboard is empty by then except for its files; in Firefox,
    synthetic events have no clipboard with files.
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

/** Return whether a key activates its target.
    @type {(event: Event, target: EventTarget) => boolean} */
const isPress = (event, target) =>
  event instanceof KeyboardEvent &&
  (event.key === "Enter" ||
    (event.key === " " && pressable(target)?.matches("button, input, summary") === true));

/** Dispatch a held event again; a key that is not handled becomes the click that it would have caused.
    @type {(held: [EventTarget, Event]) => void} */
function redo([target, event]) {
  const isUnhandled = target.dispatchEvent(event);
  if (isUnhandled && isPress(event, target)) {
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

/** Reject drops until they can be handled.
    @type {(event: DragEvent) => void} */
function refuse(event) {
  if (!isReady) {
    event.preventDefault();
    if (event.dataTransfer) {
      event.dataTransfer.dropEffect = "none";
    }
  }
}

/** Return whether the page has a state to restore, without waiting for interaction. */
function hasState() {
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
TRIGGERS.forEach((type) =>
  document.addEventListener(type, start, { capture: true, once: true, passive: true }),
);
document.addEventListener("dragover", refuse, true);
document.addEventListener("drop", refuse, true);
if (hasState()) {
  start();
}
if (list.querySelector(".thumb")) {
  // Without this script, thumbnails load in document order.
  import("./list/thumbnails.js").then(
    ({ bindThumbnails }) => bindThumbnails(),
    () => {},
  );
}
