/* The button that cycles through the themes: automatic, light, dark.

   The choice is stored in a cookie, so that the server renders it and nothing flashes. */

import { part } from "../core/dom.js";

const ORDER = ["auto", "light", "dark"];
const YEAR_SECONDS = 31_536_000;

const root = document.documentElement;
const current = () => root.dataset.theme ?? "auto";

/** @type {(theme: string) => void} */
function setTheme(theme) {
  if (theme === "auto") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  const age = theme === "auto" ? 0 : YEAR_SECONDS;
  document.cookie = `theme=${theme}; Path=${document.body.dataset.root}; Max-Age=${age}; SameSite=Lax`;
}

/** @type {(button: HTMLElement) => void} */
function labelButton(button) {
  const label = button.dataset[current()] ?? "";
  button.setAttribute("aria-label", label);
  part(button, ".theme-word").textContent = label;
  button.title = label;
}

/** @type {(button: HTMLElement) => void} */
export function bindTheme(button) {
  labelButton(button);
  button.addEventListener("click", () => {
    setTheme(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]);
    labelButton(button);
  });
}
