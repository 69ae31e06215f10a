/* Create the empty folders of a drop; other folders are created with their files.

   Rule: an existing folder is a success. */

import { lookUp, makeFolder } from "../actions/changes.js";
import { retry } from "../core/retry.js";
import { showAdded } from "../list/updates.js";
import { warn } from "../ui/toasts.js";

/** @import { ObstacleOf } from "../core/retry.js" */

/** Create the folder at `path` unless it exists; returns its path as stored. Raises `Failure`.
    @type {(path: string) => Promise<string>} */
async function ensure(path) {
  try {
    return (await makeFolder(path)).path;
  } catch (failure) {
    const [there] = failure.type === "entry-exists" ? await lookUp([path]) : [];
    if (there?.kind !== "folder") {
      throw failure;
    }
    return there.path;
  }
}

/** Create folders, retrying temporary failures, and show them in the list; report those that fail.
    @type {(paths: string[], obstacleOf: ObstacleOf) => Promise<void>} */
export async function makeFolders(paths, obstacleOf) {
  /** @type {string[]} */
  const made = [];
  for (const path of paths) {
    try {
      made.push(
        await retry(
          () => ensure(path),
          obstacleOf,
          () => {},
        ),
      );
    } catch (failure) {
      warn(`${path}: ${failure.message}`);
    }
  }
  await retry(
    () => showAdded(made),
    obstacleOf,
    () => {},
  );
}
