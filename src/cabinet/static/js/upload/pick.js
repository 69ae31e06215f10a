/* Files on their way into the open folder: chosen, dropped or pasted.

   Rule: what sends them is not part of this. */

import { bindDrop } from "../actions/drop.js";
import { around, byId } from "../core/dom.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";

/** @import { Dropped } from "../actions/drop.js" */

const INPUTS = "#files-input, #folder-input";
// Of upload/resume-store.js, which knows what to do with them.
const PREFIX = "tus::";

const page = byId("main").dataset;

const uploading = () => import("./uploading.js");

/** @type {(items: Dropped[], parent?: string) => Promise<void>} */
async function upload(items, parent = page.folder ?? "") {
  try {
    (await uploading()).upload(items, parent);
  } catch {
    warn(text("offline"));
  }
}

/** Return whether an upload of before may wait for its file; a browser may keep nothing at all. */
function hasUnfinished() {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith(PREFIX));
  } catch {
    return false;
  }
}

/** Take what is chosen with the two buttons, dropped on the page or pasted; resolves once all is there
    that is needed for it. */
export function bindChoosing() {
  document.addEventListener("change", (event) => {
    const input = around(event, INPUTS, HTMLInputElement);
    if (input) {
      upload([...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      // The same file may be chosen again.
      input.value = "";
    }
  });
  bindDrop(byId("drop-sign"), upload);
  if (hasUnfinished()) {
    // Another page does it if this one is left first.
    import("./resume-store.js").then(
      ({ forgetOldUploads }) => forgetOldUploads(),
      () => {},
    );
  }
  // At once: who loses the line before the first upload shall not lose the upload.
  return uploading().catch(() => {});
}
