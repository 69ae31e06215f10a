/* A button in each password field that shows what was typed. */

import { icon } from "./icons.js";
import { text } from "./texts.js";

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
  input.form.addEventListener("submit", () => {
    input.type = "password";
  });
  render();
  return button;
}

export function bindPassword(input) {
  const frame = document.createElement("div");
  frame.className = "password";
  input.replaceWith(frame);
  frame.append(input);
  frame.append(revealButton(input));
}
