/* Paths are names joined by slashes; the empty path is the root folder. */

/** Return the path of the parent folder.
    @type {(path: string) => string} */
export const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Return the ancestors of a path, the closest first.
    @type {(path: string) => string[]} */
export function foldersAbove(path) {
  const parent = parentOf(path);
  return parent ? [parent, ...foldersAbove(parent)] : [];
}

/** Return the last component of a path.
    @type {(path: string) => string} */
export const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

/** Return the path of `name` in a folder.
    @type {(folder: string, name: string) => string} */
export const below = (folder, name) => (folder ? `${folder}/${name}` : name);

/** Return whether a path is `folder` or is inside it.
    @type {(folder: string, path: string) => boolean} */
export const isWithin = (folder, path) => folder === "" || path === folder || path.startsWith(`${folder}/`);

/** Return the child of `folder` that a path is or is inside of; null if it is elsewhere.
    @type {(folder: string, path: string) => string | null} */
export function entryWithin(folder, path) {
  if (path === folder || !isWithin(folder, path)) {
    return null;
  }
  const inside = folder ? path.slice(folder.length + 1) : path;
  return below(folder, inside.split("/")[0]);
}
