/* The parts of uploading that every page has: the queue, the questions before it, and the panel that shows it.

   Rule: knows no list; upload/uploading.js and upload/requesting.js add what their pages show. */

import { byId } from "../core/dom.js";
import { absence, presence } from "../core/identity.js";
import { makeObstacle } from "../core/retry.js";
import { signedIn, whenSignedIn } from "../session/signin.js";
import { bindAnnouncements } from "./announcements.js";
import { batches } from "./batches.js";
import { Enqueuer } from "./enqueue.js";
import { UploadPanel } from "./panel.js";
import { Queue } from "./queue.js";
import { transferOf } from "./transfers.js";

/** Create and connect the parts, once for a page. */
export function makeUploads() {
  const obstacleOf = makeObstacle(signedIn);
  const queue = new Queue(transferOf, obstacleOf, undefined, batches);
  const enqueuer = new Enqueuer(queue, obstacleOf, Number(byId("main").dataset.limit));
  const panel = new UploadPanel(queue);
  bindAnnouncements(queue);
  presence.addEventListener("check", () => {
    const { why } = absence();
    if (why) {
      queue.suspend({ why, over: whenSignedIn() });
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (queue.isBusy) {
      event.preventDefault();
    }
  });
  return { queue, enqueuer, panel, obstacleOf };
}
