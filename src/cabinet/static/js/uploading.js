/* Everything that uploads need, made and tied together when the first one is wanted.

   Rule: nothing here is part of a first view; files.js imports it on first use. */

import { Arrivals } from "./arrivals.js";
import { Intake } from "./intake.js";
import { moveInPlaceWhile } from "./navigation.js";
import { makeObstacle } from "./patience.js";
import { Queue } from "./queue.js";
import { bindSignIn, signedIn } from "./signin.js";
import { transferOf } from "./transfers.js";
import { UploadPanel } from "./uploads.js";

const page = document.getElementById("main").dataset;
const below = (parent, path) => (parent ? `${parent}/${path}` : path);

/** Return the entry of the open folder that a path lies in, or is; null for what is elsewhere. */
function entryOf(path) {
  const { folder, place } = page;
  if (place !== "folder") {
    return null;
  }
  const inside = folder ? path.slice(folder.length + 1) : path;
  const entry = below(folder, inside.split("/")[0]);
  return path === entry || path.startsWith(`${entry}/`) ? entry : null;
}

const obstacleOf = makeObstacle(signedIn);
const queue = new Queue(transferOf, obstacleOf);
const intake = new Intake(queue, obstacleOf, Number(page.limit));
const panel = new UploadPanel(queue);

new Arrivals(queue, entryOf);
bindSignIn();
moveInPlaceWhile(
  () => queue.hasUnfinished,
  (title) => panel.rename(title),
);

window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy) {
    event.preventDefault();
  }
});

/** Upload `{file, path}` items into the folder `parent`. */
export function upload(items, parent) {
  return intake.take(items.map(({ file, path }) => ({ file, path: below(parent, path) })));
}
