/* Making a folder in the one that is open, without leaving the page. */

import { byId, part } from "../core/dom.js";
import { root } from "../core/http.js";
import { below } from "../core/paths.js";
import { focusOn } from "../list/focus.js";
import { rowOf } from "../list/list.js";
import { goTo } from "../list/navigation.js";
import { refresh } from "../list/refresh.js";
import { lost } from "../list/updates.js";
import { warn } from "../ui/toasts.js";
import { makeFolder as make } from "./changes.js";

const page = byId("main").dataset;
const dialog = byId("make-folder", HTMLDialogElement);
const form = part(dialog, "form", HTMLFormElement);
const field = byId("make-folder-name", HTMLInputElement);
const error = byId("make-folder-error");

let parent = "";
// Counts how often the name was asked for: an answer may come when it is another question.
let turn = 0;

/** @type {(message: string) => void} */
function explain(message) {
  error.hidden = !message;
  part(error, "span").textContent = message;
  field.classList.toggle("is-invalid", Boolean(message));
  field.setAttribute("aria-invalid", String(Boolean(message)));
}

/** Show what was made in its place; of folders in folders the outermost.
    @type {(path: string) => Promise<void>} */
async function show(path) {
  const [name] = path.slice(parent ? parent.length + 1 : 0).split("/");
  if (page.place !== "folder") {
    const place = parent ? `?${new URLSearchParams({ path: parent })}` : "";
    goTo(`${root}index${place}#show=${encodeURIComponent(name)}`);
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
  const mine = turn;
  try {
    const made = await make(below(parent, field.value));
    if (mine === turn) {
      dialog.close();
    }
    await show(made.path).catch(lost);
  } catch (failure) {
    if (mine === turn) {
      explain(failure.message);
      field.focus();
    } else {
      warn(failure.message);
    }
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** Ask for the name of a folder to be made in `folder`.
    @type {(folder: string) => void} */
export function makeFolder(folder) {
  parent = folder;
  turn += 1;
  form.reset();
  explain("");
  dialog.showModal();
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
byId("make-folder-cancel").addEventListener("click", () => dialog.close());
field.addEventListener("input", () => explain(""));
