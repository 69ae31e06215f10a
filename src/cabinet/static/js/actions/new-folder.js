/* Create a folder in the open one without leaving the page. */

import { byId, part } from "../core/dom.js";
import { folderPage } from "../core/identity.js";
import { below } from "../core/paths.js";
import { focusOn } from "../list/focus.js";
import { refresh, rowOf } from "../list/list.js";
import { navigateTo } from "../list/navigation.js";
import { reportFailure } from "../list/updates.js";
import { warn } from "../ui/toasts.js";
import { makeFolder as make } from "./changes.js";

const page = byId("main").dataset;
const dialog = byId("make-folder", HTMLDialogElement);
const form = part(dialog, "form", HTMLFormElement);
const field = byId("make-folder-name", HTMLInputElement);
const error = byId("make-folder-error");

let parent = "";
// Number of times that the dialog was opened: an answer may arrive when it is open for another folder.
let openCount = 0;

/** @type {(message: string) => void} */
function showError(message) {
  error.hidden = !message;
  part(error, "span").textContent = message;
  field.classList.toggle("is-invalid", Boolean(message));
  field.setAttribute("aria-invalid", String(Boolean(message)));
}

/** Show the new folder in the list; for nested folders the outermost.
    @type {(path: string) => Promise<void>} */
async function show(path) {
  const [name] = path.slice(parent ? parent.length + 1 : 0).split("/");
  if (page.place !== "folder") {
    navigateTo(`${folderPage(parent)}#show=${encodeURIComponent(name)}`);
    return;
  }
  const shown = below(parent, name);
  await refresh([shown]);
  const row = rowOf(shown);
  if (row) {
    focusOn(row);
  }
}

async function submit() {
  if (form.hasAttribute("aria-busy")) {
    return;
  }
  form.setAttribute("aria-busy", "true");
  const ownCount = openCount;
  try {
    const made = await make(below(parent, field.value));
    if (ownCount === openCount) {
      dialog.close();
    }
    await show(made.path).catch(reportFailure);
  } catch (failure) {
    if (ownCount === openCount) {
      showError(failure.message);
      field.focus();
    } else {
      warn(failure.message);
    }
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** Ask for a name and create a folder in `folder`.
    @type {(folder: string) => void} */
export function makeFolder(folder) {
  parent = folder;
  openCount += 1;
  form.reset();
  showError("");
  dialog.showModal();
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
byId("make-folder-cancel").addEventListener("click", () => dialog.close());
field.addEventListener("input", () => showError(""));
