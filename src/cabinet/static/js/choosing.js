/* Files on their way into the open folder: chosen, dropped or pasted.

   Rule: what sends them is loaded on first use, as soon as somebody seems to want it. */

import { bindDrop } from "./drop.js";
import { text } from "./texts.js";
import { warn } from "./toasts.js";

const INPUTS = "#files-input, #folder-input";
// Of unfinished.js, which knows what to do with them.
const PREFIX = "tus::";

const uploading = () => import("./uploading.js");

async function upload(items, parent) {
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

/** Take what is chosen with the two buttons, dropped on the page or pasted. */
export function bindChoosing() {
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.(INPUTS)) {
      upload([...target.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      // The same file may be chosen again.
      target.value = "";
    }
  });
  bindDrop(document.getElementById("drop-sign"), upload);
  const prepare = () => uploading().catch(() => {});
  for (const type of ["click", "dragenter"]) {
    document.addEventListener(type, ({ target }) => {
      if (type === "dragenter" || target.matches?.(INPUTS)) {
        prepare();
      }
    });
  }
  if (hasUnfinished()) {
    import("./unfinished.js").then(({ forgetOldUploads }) => forgetOldUploads());
  }
}
