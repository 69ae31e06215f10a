/* What every page does.

   Rule: what only some pages have is fetched on those; sentences are fetched when one is said. */

import { around, byId, parts } from "./core/dom.js";
import { explainBy } from "./core/identity.js";
import { bindExactTimes, showTimes } from "./core/times.js";
import { bindFocusRing } from "./ui/focus-ring.js";
import { bindTheme } from "./ui/theme.js";

/** Copy the text of an element; where the browser forbids it, select it for Ctrl+C.
    @type {(element: HTMLElement) => Promise<void>} */
async function copyFrom(element) {
  const isCopied = await navigator.clipboard?.writeText(element.textContent ?? "").then(
    () => true,
    () => false,
  );
  if (!isCopied) {
    getSelection()?.selectAllChildren(element);
  }
  const [{ say }, { text }] = await Promise.all([import("./ui/toasts.js"), import("./core/texts.js")]);
  say(text(isCopied ? "copied" : "copy-by-hand"));
}

explainBy(() => import("./session/signin.js"));
bindFocusRing();
bindTheme(byId("theme"));
bindExactTimes();

/** Return what `part`, an import, brings, or null when the page is left or the line is gone before it comes:
    the page is whole without it.
    @type {<T>(part: Promise<T>) => Promise<T | null>} */
const optional = (part) => part.catch(() => null);

const loadPatience = () => import("./ui/patient-form.js");

/** Send `form` by ui/patient-form.js: what is sent before that has come waits for it.
    @type {(form: HTMLFormElement) => void} */
function bindPatience(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.inert = true;
    const part = await optional(loadPatience());
    if (part) {
      part.send(form, bindMain);
    } else {
      form.submit();
    }
  });
}

/** Look after what may come anew with the answer to a form. */
async function bindMain() {
  showTimes(document);
  const forms = parts(document, "form[data-patient]", HTMLFormElement);
  forms.forEach(bindPatience);
  // Wherever a form came back with something to mend, start there.
  parts(document, '[aria-invalid="true"]')[0]?.focus();
  // Those in dialogs belong to whoever opens them.
  const passwords = parts(document, 'main > :not(dialog) input[type="password"]', HTMLInputElement);
  if (passwords.length) {
    const part = await optional(import("./ui/passwords.js"));
    passwords.forEach((field) => part?.bindPassword(field));
  }
  if (forms.length) {
    await optional(loadPatience());
  }
  const switches = document.getElementById("key-switches");
  if (switches) {
    const part = await optional(import("./ui/key-settings.js"));
    part?.bindSwitches(switches);
  }
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-copy]");
  if (button) {
    copyFrom(byId(button.dataset.copy ?? ""));
  }
});
bindMain();
