/* Creates and connects the parts of uploading on a page with a list, when the first upload starts.

   Rule: not part of the first view; files.js imports it on first use. */

import { byId } from "../core/dom.js";
import { below } from "../core/paths.js";
import { Arrivals } from "../list/arrivals.js";
import { stayOnPageWhile } from "../list/navigation.js";
import { shownKey } from "../list/updates.js";
import { showError } from "../ui/errors.js";
import { makeUploads } from "./setup.js";

/** @import { Dropped } from "../actions/drop.js" */

const page = byId("main").dataset;

const { queue, enqueuer, panel, obstacleOf } = makeUploads();

// An uploaded file is not in the trash, even if a trashed entry has the same path.
new Arrivals(queue, (path) => (page.place === "trash" ? null : shownKey(path)), obstacleOf);
stayOnPageWhile(
  () => queue.hasUnfinished,
  (title) => panel.rename(title),
);

/** Upload `{file, path}` items into the folder `parent`, and create the folders of `{path}` items.
    @type {(items: Dropped[], parent: string) => Promise<void>} */
export function upload(items, parent) {
  const folders = items.filter(({ file }) => !file).map(({ path }) => below(parent, path));
  if (folders.length) {
    import("./empty-folders.js").then(({ makeFolders }) => makeFolders(folders, obstacleOf)).catch(showError);
  }
  return enqueuer.add(items.flatMap(({ file, path }) => (file ? { file, path: below(parent, path) } : [])));
}
