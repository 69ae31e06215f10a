/* A text, code and markup too, as it is written.

   Rule: text nodes only; no byte of it is ever parsed. */

import { toText } from "./encodings.js";
import { size } from "./format.js";
import { contentUrl, downloadUrl, send } from "./http.js";
import { Unshowable } from "./preview-trouble.js";
import { text } from "./texts.js";

// More than anybody reads in a preview, and what a browser lays out without a pause.
const MOST_BYTES = 250_000;

/** Return the beginning of a file. */
async function head(entry, signal) {
  const asked = { Accept: "*/*", Range: `bytes=0-${MOST_BYTES - 1}` };
  const response = await send("GET", contentUrl(entry.path), null, asked);
  const bytes = await response.arrayBuffer();
  signal.throwIfAborted();
  return new Uint8Array(bytes).subarray(0, MOST_BYTES);
}

function noteOf(entry) {
  const note = document.getElementById("preview-cut").content.firstElementChild.cloneNode(true);
  note.querySelector("span").textContent = text("preview-cut", {
    size: size(MOST_BYTES),
    whole: size(entry.size),
  });
  note.querySelector("a").href = downloadUrl(entry.path);
  return note;
}

/** Show a text. */
export async function show(entry, { stage, signal }) {
  if (entry.size === 0) {
    throw new Unshowable(text("preview-empty"));
  }
  const content = toText(await head(entry, signal));
  if (content === null) {
    throw new Unshowable(text("preview-none"));
  }
  const shown = document.createElement("pre");
  shown.className = "preview-text";
  shown.dir = "auto";
  shown.textContent = content;
  stage.replaceChildren(...(entry.size > MOST_BYTES ? [noteOf(entry), shown] : [shown]));
}
