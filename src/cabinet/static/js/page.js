/* What every page does. */

import { bindPassword } from "./passwords.js";
import { bindTheme } from "./theme.js";
import { bindExactTimes, showTimes } from "./times.js";
import { say } from "./toasts.js";
import { text } from "./texts.js";

/** Copy the text of an element; where the browser forbids it, select it for Ctrl+C. */
async function copyFrom(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    say(text("copied"));
  } catch {
    getSelection().selectAllChildren(element);
    say(text("copy-by-hand"));
  }
}

bindTheme(document.getElementById("theme"));
showTimes(document);
bindExactTimes();
document.querySelectorAll('input[type="password"]').forEach(bindPassword);
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyFrom(document.getElementById(button.dataset.copy)));
}
// Wherever a form came back with something to mend, start there.
document.querySelector('[aria-invalid="true"]')?.focus();
