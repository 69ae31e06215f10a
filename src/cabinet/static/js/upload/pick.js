/* Files for the open folder: selected, dropped or pasted.

   Rule: the uploading itself is imported separately. */

import { bindDrop } from "../actions/drop.js";
import { around, byId } from "../core/dom.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";

/** @import { Dropped } from "../actions/drop.js" */

const INPUTS = "#files-input, #folder-input";
// The key prefix of upload/resume-store.js.
const PREFIX = "tus::";

const page = byId("main").dataset;

/** Loads what uploads files into a folder.
    @typedef {() => Promise<{ upload: (items: Dropped[], parent: string) => Promise<void> }>} LoadUploading */

/** @type {LoadUploading} */
const intoList = () => import("./uploading.js");

/** Return whether unfinished uploads are stored; storage may be blocked. */
function hasUnfinished() {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith(PREFIX));
  } catch {
    return false;
  }
}

/** Accept files from the two file inputs, drops and pastes, and upload them by what `uploading()` loads; resolves once
    everything needed for an upload is loaded.
    @type {(uploading?: LoadUploading) => Promise<unknown>} */
export function bindFileSources(uploading = intoList) {
  /** @type {(items: Dropped[], parent?: string) => Promise<void>} */
  const upload = async (items, parent = page.folder ?? "") => {
    try {
      (await uploading()).upload(items, parent);
    } catch {
      warn(text("offline"));
    }
  };
  document.addEventListener("change", (event) => {
    const input = around(event, INPUTS, HTMLInputElement);
    if (input) {
      upload([...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      // So that the same file can be selected again.
      input.value = "";
    }
  });
  bindDrop(byId("drop-sign"), upload);
  if (hasUnfinished()) {
    // If the page is left before this has loaded, the next page does it.
    import("./resume-store.js").then(
      ({ forgetOldUploads }) => forgetOldUploads(),
      () => {},
    );
  }
  // Load in advance, so that losing the connection later does not prevent an upload.
  return uploading().catch(() => {});
}
