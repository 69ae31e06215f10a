/* The questions of the files pages, in the browser's own dialogs: is that meant, and what shall become of what is in the way?

   Rule: asks and tells the answer; does nothing. The browser gives the focus back. */

import { number } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { styled } from "./styles.js";

const SHOWN = 5;

/** Open `dialog`; resolves to the value of the button that closed it, "" for none. */
export async function ask(dialog) {
  await styled;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Name the first of `paths` in the list of `dialog`, and count the others. */
export function nameSome(dialog, paths) {
  const names = paths.slice(0, SHOWN).map((path) => {
    const item = document.createElement("li");
    item.append(document.createElement("bdi"));
    item.firstChild.textContent = path;
    return item;
  });
  dialog.querySelector(".dialog-list").replaceChildren(...names);
  const more = dialog.querySelector(".dialog-more");
  const rest = paths.length - SHOWN;
  more.hidden = rest <= 0;
  more.textContent = countText("more", rest, { count: number(rest) });
}

/** Ask whether what cannot be undone shall be done; `label` is on the button that does it, `refusal` on the
    one that does not. */
export async function confirm(title, words, label, refusal = text("cancel")) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("#confirm-text").textContent = words;
  dialog.querySelector('[value="confirmed"]').textContent = label;
  dialog.querySelector('[value=""]').textContent = refusal;
  return (await ask(dialog)) === "confirmed";
}

/** Ask what to do where something is at each of `paths` already, once for all of them; resolves to
    "replace", "rename", "skip", but for those that make no sense, or "" for nothing at all. `title` is for
    when nobody knows the paths. */
export function askWhatGives(paths, { canSkip = true, canReplace = true, title = null } = {}) {
  const dialog = document.getElementById("in-the-way");
  const counted = () => countText("exists", paths.length, { count: number(paths.length) });
  dialog.querySelector("h2").textContent = title ?? counted();
  dialog.querySelector('[value="skip"]').hidden = !canSkip;
  dialog.querySelector('[value="replace"]').hidden = !canReplace;
  dialog.querySelector("#in-the-way-replace").hidden = !canReplace;
  nameSome(dialog, paths);
  return ask(dialog);
}
