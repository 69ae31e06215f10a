/* The script of the page of a link to one file: its preview, by the viewers of the preview of lists.

   A picture is shown at once, as the server's smaller version. The file itself is fetched only when it is asked for,
   because that counts as a download.

   Rule: the page works without this; viewers are imported on use. */

import { byId } from "./core/dom.js";
import { hasRendition, isLimited, kindOf } from "./preview/kinds.js";

const stage = byId("shared-file");
const button = byId("look");
const { path = "", name = "", size = "", type = "" } = stage.dataset;
const entry = { key: path, path, name, kind: "file", size: Number(size), mediaType: type, isMount: false };

/** @type {(takesFocus: boolean) => Promise<void>} */
async function show(takesFocus) {
  const { present } = await import("./preview/viewers.js");
  const section = byId("shared-look");
  section.hidden = false;
  button.hidden = true;
  if (takesFocus) {
    stage.focus();
  }
  const { signal } = new AbortController();
  await present(entry, { stage, tools: byId("shared-look-tools"), dialog: section, signal });
}

if (hasRendition(entry)) {
  show(false).catch(() => {
    // The connection was lost; the file can be downloaded later.
  });
} else if (kindOf(entry) !== "none" && !isLimited) {
  button.hidden = false;
  button.addEventListener("click", () => show(true));
}
