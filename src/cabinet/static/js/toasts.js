/* Short messages at the bottom of the page. Good news goes by itself, bad news stays.

   Rule: a message is text, never markup. */

const LASTS_FOR_MS = 8_000;

const template = document.getElementById("toast");

function add(region, message) {
  const note = template.content.firstElementChild.cloneNode(true);
  note.querySelector("p").textContent = message;
  note.querySelector("button").addEventListener("click", () => note.remove());
  document.getElementById(region).append(note);
  return note;
}

/** Say that something went well; it waits while a pointer or the focus rests on it. */
export function say(message) {
  const note = add("toasts-status", message);
  const leave = () => {
    if (note.matches(":hover, :focus-within")) {
      setTimeout(leave, LASTS_FOR_MS);
    } else {
      note.remove();
    }
  };
  setTimeout(leave, LASTS_FOR_MS);
}

/** Tell those who listen what those who look can see elsewhere; what is urgent interrupts them. */
export function announce(message, { isUrgent = false } = {}) {
  const note = add(isUrgent ? "toasts-alert" : "toasts-status", message);
  note.classList.add("visually-hidden");
  setTimeout(() => note.remove(), LASTS_FOR_MS);
}

/** Say that something went wrong. */
export function warn(message) {
  add("toasts-alert", message);
}
