/* Toasts: short messages at the bottom of the page. Confirmations disappear, errors stay.

   Rule: a message is text, never markup. */

import { byId, copyOf, part, parts } from "../core/dom.js";
import { reserveSpace } from "./toast-space.js";

/** A button in a message.
    @typedef {{ label: string, run: () => unknown }} Action */

const DURATION_MS = 8_000;
const MAX_SHOWN = 3;

const toasts = byId("toasts");
const regions = {
  status: part(toasts, '[role="status"]'),
  alert: part(toasts, '[role="alert"]'),
};

reserveSpace(toasts);

/** Move the toasts into the topmost modal dialog, outside of which nothing can be seen or pressed. */
function moveToTopDialog() {
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

/** Remove the oldest confirmations when there are too many; errors stay until dismissed. */
function makeRoom() {
  const shown = toasts.querySelectorAll(".note:not(.visually-hidden)");
  if (shown.length >= MAX_SHOWN) {
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
  moveToTopDialog();
  region.append(note);
}

/** Remove `note` after a while; the timer stops while the pointer or the focus is on it.
    @type {(note: HTMLElement) => void} */
function hideLater(note) {
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => note.remove(), DURATION_MS);
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

/** Show a confirmation, with a button for `action` if given. Returns a function that removes the message.
    @type {(message: string, action?: Action | null) => () => void} */
export function notify(message, action = null) {
  const note = draw(message);
  if (action) {
    part(note, "p").after(actionButton(action, note));
  }
  add(regions.status, note);
  hideLater(note);
  return () => note.remove();
}

/** Announce to screen readers what is visible elsewhere on the page; an urgent message interrupts.
    @type {(message: string, how?: { isUrgent?: boolean }) => void} */
export function announce(message, { isUrgent = false } = {}) {
  const note = draw(message);
  note.classList.add("visually-hidden");
  // The button is not visible, so it must not get the focus either.
  part(note, "button").remove();
  moveToTopDialog();
  (isUrgent ? regions.alert : regions.status).append(note);
  setTimeout(() => note.remove(), DURATION_MS);
}

/** Show an error, with a button for `action` if given; the same error is not shown twice.
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
