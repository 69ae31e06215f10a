/* The button that goes from the device's colours to light, to dark, and round again.

   The choice lives in a cookie, so that the server writes it into the page and nothing flashes. */

import { part } from "../core/dom.js";

const ORDER = ["auto", "light", "dark"];
const YEAR_SECONDS = 31_536_000;

const root = document.documentElement;
const current = () => root.dataset.theme ?? "auto";

/** @type {(theme: string) => void} */
function choose(theme) {
  if (theme === "auto") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  const age = theme === "auto" ? 0 : YEAR_SECONDS;
  document.cookie = `theme=${theme}; Path=${document.body.dataset.root}; Max-Age=${age}; SameSite=Lax`;
}

/** @type {(button: HTMLElement) => void} */
function name(button) {
  const label = button.dataset[current()] ?? "";
  button.setAttribute("aria-label", label);
  part(button, ".theme-word").textContent = label;
  button.title = label;
}

/** @type {(button: HTMLElement) => void} */
export function bindTheme(button) {
  name(button);
  button.addEventListener("click", () => {
    choose(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]);
    name(button);
  });
}
