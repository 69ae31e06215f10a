/* Short messages at the bottom of the page. Good news goes by itself, bad news stays.

   Rule: a message is text, never markup. */

import { byId, copyOf, part, parts } from "../core/dom.js";
import { keepRoomFor } from "./toasts-room.js";

/** What a message offers to do.
    @typedef {{ label: string, run: () => unknown }} Action */

const LASTS_FOR_MS = 8_000;
const AT_ONCE = 3;

const toasts = byId("toasts");
const regions = {
  status: part(toasts, '[role="status"]'),
  alert: part(toasts, '[role="alert"]'),
};

keepRoomFor(toasts);

/** Let messages be where they can be seen, heard and pressed: within the dialog that shuts out all else. */
function comeForward() {
  const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (toasts.parentElement !== place) {
    place.append(toasts);
  }
}

document.addEventListener(
  "close",
  ({ target }) => {
    if (target instanceof Node && target.contains(toasts)) {
      document.body.append(toasts);
    }
  },
  { capture: true },
);

/** Make room for one more by what went well; what did not stays until somebody has seen it. */
function makeRoom() {
  const shown = toasts.querySelectorAll(".note:not(.visually-hidden)");
  if (shown.length >= AT_ONCE) {
    toasts.querySelector('[role="status"] .note:not(.visually-hidden)')?.remove();
  }
}

/** @type {(message: string) => HTMLElement} */
function draw(message) {
  const note = copyOf("toast");
  part(note, "p").textContent = message;
  part(note, "button").addEventListener("click", () => note.remove());
  return note;
}

/** @type {(region: HTMLElement, note: HTMLElement) => void} */
function add(region, note) {
  makeRoom();
  comeForward();
  region.append(note);
}

/** Take `note` away after a while; it stays for as long as a pointer or the focus rests on it.
    @type {(note: HTMLElement) => void} */
function fade(note) {
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => note.remove(), LASTS_FOR_MS);
  };
  const hold = () => clearTimeout(timer);
  const release = () => note.matches(":hover, :focus-within") || wait();
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", release);
  note.addEventListener("focusout", () => setTimeout(release));
  wait();
}

/** @type {(action: Action, note: HTMLElement) => HTMLButtonElement} */
function actionButton({ label, run }, note) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "note-action";
  button.textContent = label;
  button.addEventListener("click", () => {
    note.remove();
    run();
  });
  return button;
}

/** Say that something went well, with a button for `action`, which is a `label` and what it shall
    `run`, if there is one. Returns what takes the message away.
    @type {(message: string, action?: Action | null) => () => void} */
export function say(message, action = null) {
  const note = draw(message);
  if (action) {
    part(note, "p").after(actionButton(action, note));
  }
  add(regions.status, note);
  fade(note);
  return () => note.remove();
}

/** Tell those who listen what those who look can see elsewhere; what is urgent interrupts them.
    @type {(message: string, how?: { isUrgent?: boolean }) => void} */
export function announce(message, { isUrgent = false } = {}) {
  const note = draw(message);
  note.classList.add("visually-hidden");
  // Nobody sees a button in it, so nobody shall come to one.
  part(note, "button").remove();
  comeForward();
  (isUrgent ? regions.alert : regions.status).append(note);
  setTimeout(() => note.remove(), LASTS_FOR_MS);
}

/** Say that something went wrong, with a button for `action` if there is one; the same is not said twice.
    @type {(message: string, action?: Action | null) => void} */
export function warn(message, action = null) {
  const same = parts(toasts, '[role="alert"] .note:not(.visually-hidden)');
  same.find((note) => part(note, "p").textContent === message)?.remove();
  const note = draw(message);
  if (action) {
    part(note, "p").after(actionButton(action, note));
  }
  add(regions.alert, note);
}
