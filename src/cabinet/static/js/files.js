/* What the files page does: the parts are made here and tied together. */

import { bindDelete } from "./delete.js";
import { bindDrop } from "./drop.js";
import { size } from "./format.js";
import { contentUrl, put } from "./http.js";
import { bindMore, refresh } from "./list.js";
import { Queue, Task } from "./queue.js";
import { text } from "./texts.js";
import { warn } from "./toasts.js";
import { UploadPanel } from "./uploads.js";

const HTTP_OK = 200;

const { folder, limit } = document.getElementById("main").dataset;
const inFolder = (path) => (folder ? `${folder}/${path}` : path);
/** Return the entry of this folder that a path lies in, or is. */
const entryOf = (path) => inFolder(path.slice(folder ? folder.length + 1 : 0).split("/")[0]);

const queue = new Queue((task, progress, done) =>
  put(contentUrl(task.path), task.file, progress, (failure, status) => done(failure, status === HTTP_OK)),
);

new UploadPanel(queue);

function upload(items) {
  const tooLarge = items.filter(({ file }) => file.size > Number(limit));
  for (const { path } of tooLarge) {
    warn(`${path}: ${text("too-large", { limit: size(Number(limit)) })}`);
  }
  const tasks = items.filter((item) => !tooLarge.includes(item));
  if (tasks.length) {
    queue.add(tasks.map(({ file, path }) => new Task(file, inFolder(path))));
  }
}

queue.addEventListener("settled", () => {
  const done = queue.tasks.filter((task) => task.state === "done");
  if (done.length) {
    refresh(new Set(done.map((task) => entryOf(task.path)))).catch((failure) => warn(failure.message));
  }
});

const input = document.getElementById("files-input");
input.addEventListener("change", () => {
  upload([...input.files].map((file) => ({ file, path: file.name })));
  // The same file may be chosen again.
  input.value = "";
});

bindDrop(document.getElementById("drop-sign"), upload);
bindDelete();
bindMore();

window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy) {
    event.preventDefault();
  }
});
window.addEventListener("online", () => {
  const lost = queue.tasks.filter((task) => task.failure?.status === 0);
  if (lost.length) {
    queue.retry(lost);
  }
});
