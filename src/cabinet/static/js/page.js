/* What every page does.

   Rule: what only some pages have is fetched on those; sentences are fetched when one is said. */

import { bindFocusRing } from "./focus-ring.js";
import "./identity.js";
import { bindTheme } from "./theme.js";
import { bindExactTimes, showTimes } from "./times.js";

/** Copy the text of an element; where the browser forbids it, select it for Ctrl+C. */
async function copyFrom(element) {
  const isCopied = await navigator.clipboard?.writeText(element.textContent).then(
    () => true,
    () => false,
  );
  if (!isCopied) {
    getSelection().selectAllChildren(element);
  }
  const [{ say }, { text }] = await Promise.all([import("./toasts.js"), import("./texts.js")]);
  say(text(isCopied ? "copied" : "copy-by-hand"));
}

bindFocusRing();
bindTheme(document.getElementById("theme"));
showTimes(document);
bindExactTimes();

/** Return what `load()` fetches, or null when the page is left or the line is gone before it comes: the
    page is whole without it. */
const optional = (load) => load().catch(() => null);

async function bindForms() {
  // Those in dialogs belong to whoever opens them.
  const passwords = document.querySelectorAll('main > :not(dialog) input[type="password"]');
  if (passwords.length) {
    const part = await optional(() => import("./passwords.js"));
    passwords.forEach((field) => part?.bindPassword(field));
  }
  for (const form of document.querySelectorAll("form[data-patient]")) {
    const part = await optional(() => import("./patient-form.js"));
    part?.bindPatience(form, () => {
      showTimes(document);
      bindForms();
    });
  }
  const switches = document.getElementById("key-switches");
  if (switches) {
    const part = await optional(() => import("./key-settings.js"));
    part?.bindSwitches(switches);
  }
  // Wherever a form came back with something to mend, start there.
  document.querySelector('[aria-invalid="true"]')?.focus();
}

await bindForms();
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyFrom(document.getElementById(button.dataset.copy)));
}
