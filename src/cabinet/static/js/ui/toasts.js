/* Short messages at the bottom of the page. Good news goes by itself, bad news stays.

   Rule: a message is text, never markup. */

import { keepRoomFor } from "./toasts-room.js";

const LASTS_FOR_MS = 8_000;
const AT_ONCE = 3;

const template = document.getElementById("toast");
const toasts = document.getElementById("toasts");
const regions = {
  status: toasts.querySelector('[role="status"]'),
  alert: toasts.querySelector('[role="alert"]'),
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
    if (target.contains(toasts)) {
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

function draw(message) {
  const note = template.content.firstElementChild.cloneNode(true);
  note.querySelector("p").textContent = message;
  note.querySelector("button").addEventListener("click", () => note.remove());
  return note;
}

function add(region, note) {
  makeRoom();
  comeForward();
  regions[region].append(note);
}

/** Take `note` away after a while; it stays for as long as a pointer or the focus rests on it. */
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
    `run`, if there is one. Returns what takes the message away. */
export function say(message, action = null) {
  const note = draw(message);
  if (action) {
    note.querySelector("p").after(actionButton(action, note));
  }
  add("status", note);
  fade(note);
  return () => note.remove();
}

/** Tell those who listen what those who look can see elsewhere; what is urgent interrupts them. */
export function announce(message, { isUrgent = false } = {}) {
  const note = draw(message);
  note.classList.add("visually-hidden");
  // Nobody sees a button in it, so nobody shall come to one.
  note.querySelector("button").remove();
  comeForward();
  regions[isUrgent ? "alert" : "status"].append(note);
  setTimeout(() => note.remove(), LASTS_FOR_MS);
}

/** Say that something went wrong, with a button for `action` if there is one; the same is not said twice. */
export function warn(message, action = null) {
  const same = [...toasts.querySelectorAll('[role="alert"] .note:not(.visually-hidden)')];
  same.find((note) => note.querySelector("p").textContent === message)?.remove();
  const note = draw(message);
  if (action) {
    note.querySelector("p").after(actionButton(action, note));
  }
  add("alert", note);
}
