/* What the files page does: the parts are made here and tied together. */

import { Arrivals } from "./arrivals.js";
import { bindDelete } from "./delete.js";
import { bindDrop } from "./drop.js";
import { bindFolders } from "./folders.js";
import { Intake } from "./intake.js";
import { bindMore } from "./list.js";
import { makeObstacle } from "./patience.js";
import { Queue } from "./queue.js";
import { bindSignIn, signedIn } from "./signin.js";
import { transferOf } from "./transfers.js";
import { forgetOldUploads } from "./unfinished.js";
import { UploadPanel } from "./uploads.js";

const page = document.getElementById("main").dataset;
const below = (parent, path) => (parent ? `${parent}/${path}` : path);

/** Return the entry of the open folder that a path lies in, or is; null for what is elsewhere. */
function entryOf(path) {
  const { folder } = page;
  const inside = folder ? path.slice(folder.length + 1) : path;
  const entry = below(folder, inside.split("/")[0]);
  return path === entry || path.startsWith(`${entry}/`) ? entry : null;
}

const obstacleOf = makeObstacle(signedIn);
const queue = new Queue(transferOf, obstacleOf);
const intake = new Intake(queue, obstacleOf, Number(page.limit));
const upload = (items, parent = page.folder) =>
  intake.take(items.map(({ file, path }) => ({ file, path: below(parent, path) })));

const panel = new UploadPanel(queue);
new Arrivals(queue, entryOf);

document.addEventListener("change", ({ target }) => {
  if (target.id === "files-input") {
    upload([...target.files].map((file) => ({ file, path: file.name })));
    // The same file may be chosen again.
    target.value = "";
  }
});

bindDrop(document.getElementById("drop-sign"), upload);
bindDelete();
bindMore();
bindSignIn();
forgetOldUploads();
bindFolders(
  () => queue.hasUnfinished,
  (title) => panel.rename(title),
);

window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy) {
    event.preventDefault();
  }
});
