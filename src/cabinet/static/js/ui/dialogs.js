/* Dialogs of the files pages that ask a question: confirm an action, or resolve a conflict.

   Rule: returns the answer and does nothing else. The browser restores the focus. */

import { byId, part } from "../core/dom.js";
import { number } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { stylesLoaded } from "./styles.js";

const MAX_LISTED = 5;

/** Open `dialog`; resolves to the value of the button that closed it, "" if it was dismissed.
    @type {(dialog: HTMLDialogElement) => Promise<string>} */
export async function openDialog(dialog) {
  await stylesLoaded;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** List the first of `paths` in `dialog`, and the number of the others.
    @type {(dialog: HTMLDialogElement, paths: string[]) => void} */
export function listPaths(dialog, paths) {
  const names = paths.slice(0, MAX_LISTED).map((path) => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = path;
    item.append(name);
    return item;
  });
  part(dialog, ".dialog-list").replaceChildren(...names);
  const more = part(dialog, ".dialog-more");
  const rest = paths.length - MAX_LISTED;
  more.hidden = rest <= 0;
  more.textContent = countText("more", rest, { count: number(rest) });
}

/** Ask to confirm an action that cannot be undone; `label` is the text of the confirming button, `cancelLabel` of the
    other one.
    @type {(title: string, message: string, label: string, cancelLabel?: string) => Promise<boolean>} */
export async function confirm(title, message, label, cancelLabel = text("cancel")) {
  const dialog = byId("confirm", HTMLDialogElement);
  part(dialog, "h2").textContent = title;
  part(dialog, "#confirm-text").textContent = message;
  part(dialog, '[value="confirmed"]').textContent = label;
  part(dialog, '[value=""]').textContent = cancelLabel;
  return (await openDialog(dialog)) === "confirmed";
}

/** Ask once how to resolve conflicts at all of `paths`; resolves to "replace", "rename" or "skip", as far as they are
    offered, or "" if the dialog was dismissed. `title` is used when the paths are not known.
    @type {(paths: string[], how?: { canSkip?: boolean, canReplace?: boolean, title?: string | null }) => Promise<string>} */
export function askConflict(paths, { canSkip = true, canReplace = true, title = null } = {}) {
  const dialog = byId("in-the-way", HTMLDialogElement);
  const counted = () => countText("exists", paths.length, { count: number(paths.length) });
  part(dialog, "h2").textContent = title ?? counted();
  part(dialog, '[value="skip"]').hidden = !canSkip;
  part(dialog, '[value="replace"]').hidden = !canReplace;
  part(dialog, "#in-the-way-replace").hidden = !canReplace;
  listPaths(dialog, paths);
  return openDialog(dialog);
}
