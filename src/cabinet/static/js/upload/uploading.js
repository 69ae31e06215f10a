/* Everything that uploads need, made and tied together when the first one is wanted.

   Rule: nothing here is part of a first view; files.js imports it on first use. */

import { byId } from "../core/dom.js";
import { absence, presence } from "../core/identity.js";
import { below } from "../core/paths.js";
import { makeObstacle } from "../core/retry.js";
import { Arrivals } from "../list/arrivals.js";
import { moveInPlaceWhile } from "../list/navigation.js";
import { shownAs } from "../list/updates.js";
import { back, signedIn } from "../session/signin.js";
import { tell } from "../ui/errors.js";
import { batches } from "./batches.js";
import { Intake } from "./enqueue.js";
import { UploadPanel } from "./panel.js";
import { Queue } from "./queue.js";
import { transferOf } from "./transfers.js";
import { bindUploadVoice } from "./voice.js";

/** @import { Dropped } from "../actions/drop.js" */

const page = byId("main").dataset;

const obstacleOf = makeObstacle(signedIn);
const queue = new Queue(transferOf, obstacleOf, undefined, batches);
const intake = new Intake(queue, obstacleOf, Number(page.limit));
const panel = new UploadPanel(queue);
bindUploadVoice(queue);

// What arrives is not in the trash, whatever lies there that was called so.
new Arrivals(queue, (path) => (page.place === "trash" ? null : shownAs(path)), obstacleOf);
presence.addEventListener("look", () => {
  const { why } = absence();
  if (why) {
    queue.suspend({ why, over: back() });
  }
});
moveInPlaceWhile(
  () => queue.hasUnfinished,
  (title) => panel.rename(title),
);

window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy) {
    event.preventDefault();
  }
});

/** Upload `{file, path}` items into the folder `parent`, and make the folders that come as `{path}` alone.
    @type {(items: Dropped[], parent: string) => Promise<void>} */
export function upload(items, parent) {
  const folders = items.filter(({ file }) => !file).map(({ path }) => below(parent, path));
  if (folders.length) {
    import("./empty-folders.js").then(({ makeFolders }) => makeFolders(folders, obstacleOf)).catch(tell);
  }
  return intake.take(items.flatMap(({ file, path }) => (file ? { file, path: below(parent, path) } : [])));
}
