/* A button in each password field that shows what was typed. */

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
  // A password manager recognises the field by its type, so it goes back to it before sending.
  input.form?.addEventListener("submit", () => {
    input.type = "password";
  });
  render();
  return button;
}

/** Put the button beside `input`, in the frame that the server drew: whoever types already goes on typing.
    @type {(input: HTMLInputElement) => void} */
export function bindPassword(input) {
  input.parentElement?.append(revealButton(input));
}
