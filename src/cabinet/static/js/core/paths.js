/* Names joined by slashes; the empty path is the folder that holds everything. */

/** Return the path of the folder that a path lies in.
    @type {(path: string) => string} */
export const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Return the folders that a path lies in, the nearest first.
    @type {(path: string) => string[]} */
export function foldersAbove(path) {
  const parent = parentOf(path);
  return parent ? [parent, ...foldersAbove(parent)] : [];
}

/** Return the last name of a path.
    @type {(path: string) => string} */
export const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

/** Return the path of `name` in a folder.
    @type {(folder: string, name: string) => string} */
export const below = (folder, name) => (folder ? `${folder}/${name}` : name);

/** Tell whether a path is `folder` or lies anywhere in it.
    @type {(folder: string, path: string) => boolean} */
export const isWithin = (folder, path) => folder === "" || path === folder || path.startsWith(`${folder}/`);

/** Return what of `folder` a path is or lies in; null for what is elsewhere.
    @type {(folder: string, path: string) => string | null} */
export function entryWithin(folder, path) {
  if (path === folder || !isWithin(folder, path)) {
    return null;
  }
  const inside = folder ? path.slice(folder.length + 1) : path;
  return below(folder, inside.split("/")[0]);
}
