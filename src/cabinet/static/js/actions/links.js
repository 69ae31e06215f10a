/* Copy addresses of entries and of links: to the clipboard, or selected in a dialog where there is no clipboard
   access. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { contentUrl } from "../core/http.js";
import { root } from "../core/identity.js";
import { countText, text } from "../core/texts.js";
import { notify } from "../ui/toasts.js";

/** @import { Entry } from "../list/rows.js" */

const dialog = byId("links", HTMLDialogElement);
const field = byId("links-text", HTMLTextAreaElement);

/** Return the address of an entry for its user: below the server's public URL if it has one.
    @type {(entry: { path: string }) => string} */
export function linkOf({ path }) {
  const base = dialog.dataset.publicUrl || `${location.origin}${root}`;
  return `${base.replace(/\/$/, "")}/${contentUrl(path).slice(root.length)}`;
}

/** Copy `content` to the clipboard and confirm it; without clipboard access, show it selected.
    @type {(content: string, message: string) => Promise<void>} */
export async function copyText(content, message) {
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    field.value = content;
    field.rows = Math.min(content.split("\n").length + 1, 8);
    dialog.showModal();
    field.select();
    return;
  }
  notify(message);
}

/** Copy what `content` resolves to; resolves to whether that worked. Browsers permit it only during a press, which may
    be over when the content arrives.
    @type {(content: Promise<string>) => Promise<boolean>} */
export async function copyLater(content) {
  const blob = content.then((words) => {
    if (!words) {
      throw new TypeError("nothing to copy");
    }
    return new Blob([words], { type: "text/plain" });
  });
  blob.catch(() => {});
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    return false;
  }
}

/** Copy the addresses of `entries`, one per line.
    @type {(entries: Entry[]) => Promise<void>} */
export function copyLink(entries) {
  const count = entries.length;
  const message =
    count > 1 ? countText("addresses-copied", count, { count: number(count) }) : text("address-copied");
  return copyText(entries.map(linkOf).join("\n"), message);
}
