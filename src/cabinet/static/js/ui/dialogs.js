/* The questions of the files pages, in the browser's own dialogs: is that meant, and what shall become of what is in the way?

   Rule: asks and tells the answer; does nothing. The browser gives the focus back. */

import { byId, part } from "../core/dom.js";
import { number } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { styled } from "./styles.js";

const SHOWN = 5;

/** Open `dialog`; resolves to the value of the button that closed it, "" for none.
    @type {(dialog: HTMLDialogElement) => Promise<string>} */
export async function ask(dialog) {
  await styled;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Name the first of `paths` in the list of `dialog`, and count the others.
    @type {(dialog: HTMLDialogElement, paths: string[]) => void} */
export function nameSome(dialog, paths) {
  const names = paths.slice(0, SHOWN).map((path) => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = path;
    item.append(name);
    return item;
  });
  part(dialog, ".dialog-list").replaceChildren(...names);
  const more = part(dialog, ".dialog-more");
  const rest = paths.length - SHOWN;
  more.hidden = rest <= 0;
  more.textContent = countText("more", rest, { count: number(rest) });
}

/** Ask whether what cannot be undone shall be done; `label` is on the button that does it, `refusal` on the
    one that does not.
    @type {(title: string, words: string, label: string, refusal?: string) => Promise<boolean>} */
export async function confirm(title, words, label, refusal = text("cancel")) {
  const dialog = byId("confirm", HTMLDialogElement);
  part(dialog, "h2").textContent = title;
  part(dialog, "#confirm-text").textContent = words;
  part(dialog, '[value="confirmed"]').textContent = label;
  part(dialog, '[value=""]').textContent = refusal;
  return (await ask(dialog)) === "confirmed";
}

/** Ask what to do where something is at each of `paths` already, once for all of them; resolves to
    "replace", "rename", "skip", but for those that make no sense, or "" for nothing at all. `title` is for
    when nobody knows the paths.
    @type {(paths: string[], how?: { canSkip?: boolean, canReplace?: boolean, title?: string | null }) => Promise<string>} */
export function askWhatGives(paths, { canSkip = true, canReplace = true, title = null } = {}) {
  const dialog = byId("in-the-way", HTMLDialogElement);
  const counted = () => countText("exists", paths.length, { count: number(paths.length) });
  part(dialog, "h2").textContent = title ?? counted();
  part(dialog, '[value="skip"]').hidden = !canSkip;
  part(dialog, '[value="replace"]').hidden = !canReplace;
  part(dialog, "#in-the-way-replace").hidden = !canReplace;
  nameSome(dialog, paths);
  return ask(dialog);
}
