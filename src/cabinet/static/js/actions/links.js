/* Addresses of entries, to be passed on: to the clipboard, or selected where browsers hide that. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { contentUrl, root } from "../core/http.js";
import { countText, text } from "../core/texts.js";
import { say } from "../ui/toasts.js";

/** @import { Entry } from "../list/list.js" */

const dialog = byId("links", HTMLDialogElement);
const field = byId("links-text", HTMLTextAreaElement);

/** Return the address of an entry as others reach it: below the public one if the server has one.
    @type {(entry: { path: string }) => string} */
export function linkOf({ path }) {
  const base = dialog.dataset.publicUrl || `${location.origin}${root}`;
  return `${base.replace(/\/$/, "")}/${contentUrl(path).slice(root.length)}`;
}

/** Put `content` on the clipboard and say so; show it selected where there is no clipboard to write to.
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
  say(message);
}

/** Copy the addresses of `entries`, one a line.
    @type {(entries: Entry[]) => Promise<void>} */
export function copyLink(entries) {
  const count = entries.length;
  const message =
    count > 1 ? countText("links-copied", count, { count: number(count) }) : text("link-copied");
  return copyText(entries.map(linkOf).join("\n"), message);
}
