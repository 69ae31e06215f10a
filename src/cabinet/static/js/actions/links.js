/* Addresses of entries, to be passed on: to the clipboard, or selected where browsers hide that. */

import { number } from "../core/format.js";
import { contentUrl, root } from "../core/http.js";
import { countText, text } from "../core/texts.js";
import { say } from "../ui/toasts.js";

const dialog = document.getElementById("links");
const field = document.getElementById("links-text");

/** Return the address of an entry as others reach it: below the public one if the server has one. */
export function linkOf({ path }) {
  const base = dialog.dataset.publicUrl || `${location.origin}${root}`;
  return `${base.replace(/\/$/, "")}/${contentUrl(path).slice(root.length)}`;
}

/** Put `content` on the clipboard and say so; show it selected where there is no clipboard to write to. */
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

/** Copy the addresses of `entries`, one a line. */
export function copyLink(entries) {
  const count = entries.length;
  const message =
    count > 1 ? countText("links-copied", count, { count: number(count) }) : text("link-copied");
  return copyText(entries.map(linkOf).join("\n"), message);
}
