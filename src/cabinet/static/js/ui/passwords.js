/* A button in each password field that shows or hides the password. */

import { text } from "../core/texts.js";
import { icon } from "./icons.js";

/** @type {(input: HTMLInputElement) => HTMLButtonElement} */
function revealButton(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tool";
  const render = () => {
    const hidden = input.type === "password";
    button.replaceChildren(icon(hidden ? "eye" : "eye-off"));
    button.setAttribute("aria-label", text(hidden ? "show-password" : "hide-password"));
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    render();
  });
  // Password managers recognize the field by its type, so it is restored before the form is sent.
  input.form?.addEventListener("submit", () => {
    input.type = "password";
  });
  render();
  return button;
}

/** Add the button beside `input`, in the frame rendered by the server, so that the field keeps its focus and value.
    @type {(input: HTMLInputElement) => void} */
export function bindPassword(input) {
  input.parentElement?.append(revealButton(input));
}
