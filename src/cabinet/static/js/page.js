/* The script of every page.

   Rule: features of some pages are imported on those pages, and texts when one is shown. */

import { around, byId, parts } from "./core/dom.js";
import { onAbsence } from "./core/identity.js";
import { bindExactTimes, showTimes } from "./core/times.js";
import { bindFocusRing } from "./ui/focus-ring.js";
import { bindTheme } from "./ui/theme.js";

/** Copy the text of an element; without clipboard access, select it.
    @type {(element: HTMLElement) => Promise<void>} */
async function copyFrom(element) {
  const isCopied = await navigator.clipboard?.writeText(element.textContent ?? "").then(
    () => true,
    () => false,
  );
  if (!isCopied) {
    getSelection()?.selectAllChildren(element);
  }
  const [{ notify }, { text }] = await Promise.all([import("./ui/toasts.js"), import("./core/texts.js")]);
  notify(text(isCopied ? "copied" : "copy-by-hand"));
}

onAbsence(() => import("./session/signin.js"));
bindFocusRing();
bindTheme(byId("theme"));
bindExactTimes();

/** Return the module of a dynamic import, or null if it fails because the page is left or offline: the page works
    without it.
    @type {<T>(part: Promise<T>) => Promise<T | null>} */
const optional = (part) => part.catch(() => null);

const loadRetryForm = () => import("./ui/retry-form.js");

/** Retry `form` by ui/retry-form.js; a submission before that has loaded waits for it.
    @type {(form: HTMLFormElement) => void} */
function bindRetry(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.inert = true;
    const part = await optional(loadRetryForm());
    if (part) {
      part.send(form, bindMain);
    } else {
      form.submit();
    }
  });
}

/** Bind what may be replaced by the answer of a form. */
async function bindMain() {
  showTimes(document);
  const forms = parts(document, "form[data-retry]", HTMLFormElement);
  forms.forEach(bindRetry);
  // Focus the first invalid field of a rejected form.
  parts(document, '[aria-invalid="true"]')[0]?.focus();
  // Fields in dialogs are bound when the dialog opens.
  const passwords = parts(document, 'main > :not(dialog) input[type="password"]', HTMLInputElement);
  if (passwords.length) {
    const part = await optional(import("./ui/passwords.js"));
    passwords.forEach((field) => part?.bindPassword(field));
  }
  if (forms.length) {
    await optional(loadRetryForm());
  }
  if (document.querySelector("[data-link-form]")) {
    const part = await optional(import("./ui/link-forms.js"));
    part?.bindLinkForms(document);
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
// The first script of a list, of a link to one file, or of a request for files.
if (document.getElementById("list")) {
  import("./files.js");
} else if (document.getElementById("shared-file")) {
  import("./shared-file.js");
} else if (document.getElementById("thanks")) {
  import("./request.js");
}
