/* Folders with nothing in them, which come with what is dropped: no file brings them along.

   Rule: a folder that is there already is what was wanted. */

import { lookUp, makeFolder } from "../actions/changes.js";
import { persist } from "../core/retry.js";
import { arrived } from "../list/updates.js";
import { warn } from "../ui/toasts.js";

/** @import { ObstacleOf } from "../core/retry.js" */

/** Make the folder at `path` unless there is one; returns its path as the server writes it. Raises `Failure`.
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

/** Make folders at `paths`, past every obstacle that passes, and show them; say which cannot be made, and why.
    @type {(paths: string[], obstacleOf: ObstacleOf) => Promise<void>} */
export async function makeFolders(paths, obstacleOf) {
  /** @type {string[]} */
  const made = [];
  for (const path of paths) {
    try {
      made.push(
        await persist(
          () => ensure(path),
          obstacleOf,
          () => {},
        ),
      );
    } catch (failure) {
      warn(`${path}: ${failure.message}`);
    }
  }
  await persist(
    () => arrived(made),
    obstacleOf,
    () => {},
  );
}
