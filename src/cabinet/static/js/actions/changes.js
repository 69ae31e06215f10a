/* Requests that change many entries: in batches, each once more when somebody had to sign in again.

   Rule: knows the wire and nothing of the page. A change of several batches reports each of them,
   for those before a failure have happened. */

import { exchange, root, send } from "../core/http.js";
import { renewing } from "../session/renewing.js";

/** @import { Everything } from "../list/selection.js" */

/** An entry as the server tells of it.
    @typedef {object} Told
    @property {string} path
    @property {string} name
    @property {string} kind
    @property {number} size
    @property {string} id
    @property {string} created_at
    @property {string} modified_at
    @property {string} [media_type] only of files, as the hash
    @property {string} [content_hash]
    @property {number} [tree_size] only of folders, as the number of files
    @property {number} [tree_files]
    @property {string} [from] only of what is in the trash
    @property {{ owner: string, role: string }} [mount] only of a folder that somebody shared */

/** What one request moved or copied, and the batch that undoes it where it went to another space.
    @typedef {Told[] & { batch?: string }} Moved */

/** What names everything: the folder, what is not meant, and how many are.
    @typedef {Pick<Everything, "folder" | "except" | "count">} Whole */

// As many as the server takes at a time.
const BATCH = 1000;

/** @type {(address: string, value: object) => Promise<any>} */
const post = (address, value) => renewing(() => exchange("POST", `${root}${address}`, value));

/** Post `items` as `key` beside the other fields, a batch at a time; yields the entries of each answer, which
    have the `batch` that can be undone, if it told one.
    @type {(address: string, key: string, items: string[], fields?: object) => AsyncGenerator<any>} */
async function* inBatches(address, key, items, fields = {}) {
  for (let start = 0; start < items.length; start += BATCH) {
    const answer = await post(address, { [key]: items.slice(start, start + BATCH), ...fields });
    yield Object.assign(answer.entries, { batch: answer.batch });
  }
}

/** Do a change of several batches wholly; returns all its entries.
    @type {<T>(batches: AsyncIterable<T[]>) => Promise<T[]>} */
export async function wholly(batches) {
  /** @type {any[]} */
  const entries = [];
  for await (const some of batches) {
    entries.push(...some);
  }
  return entries;
}

/** Return what does a change of `items` wholly and returns all its entries; `batchesOf` makes it for some of
    them. Called again after a failure, it goes on with those that are left.
    @type {<T>(batchesOf: (items: string[]) => AsyncIterable<T[]>, items: string[]) => () => Promise<T[]>} */
export function inTurn(batchesOf, items) {
  /** @type {any[]} */
  const entries = [];
  return async () => {
    for await (const some of batchesOf(items.slice(entries.length))) {
      entries.push(...some);
    }
    return entries;
  };
}

/** Put what is at `paths` into the trash; yields what is there now, each with its `id`.
    @type {(paths: string[]) => AsyncGenerator<Told[]>} */
export const trashPaths = (paths) => inBatches("trash", "paths", paths);

/** Put back what is in the trash as `ids`; yields the entries that are back.
    @type {(ids: string[], onConflict?: string) => AsyncGenerator<Told[]>} */
export const restoreIds = (ids, onConflict = "fail") =>
  inBatches("trash/restore", "ids", ids, { on_conflict: onConflict });

/** Move or copy ("moves", "copies") what is at `paths` to `to`; yields the entries that came of it.
    @type {(kind: string, paths: string[], to: string, onConflict?: string) => AsyncGenerator<Moved>} */
export const relocatePaths = (kind, paths, to, onConflict = "fail") =>
  inBatches(kind, "from", paths, { to, on_conflict: onConflict });

/** Return what is at each of `paths`, null where nothing is.
    @type {(paths: string[]) => Promise<(Told | null)[]>} */
export const lookUp = (paths) => wholly(inBatches("lookup", "paths", paths));

/** Remove what is in the trash as `ids` for ever.
    @type {(ids: string[]) => Promise<void>} */
export async function purgeIds(ids) {
  for (let start = 0; start < ids.length; start += BATCH) {
    const value = JSON.stringify({ ids: ids.slice(start, start + BATCH) });
    const type = { "Content-Type": "application/json" };
    await renewing(() => send("POST", `${root}trash/purge`, value, type));
  }
}

/** Remove everything in the trash for ever.
    @type {() => Promise<unknown>} */
export const purgeAll = () => renewing(() => send("DELETE", `${root}trash`));

/** Return the fields that name `everything` (actions/everything.js).
    @type {(everything: Whole) => object} */
const fieldsOf = ({ folder, except, count }) =>
  folder === null ? { all: true, except, count } : { folder, except, count };

/** Put everything in a folder into the trash; resolves to the `batch` that did it.
    @type {(everything: Whole) => Promise<{ batch: string }>} */
export const trashAll = (everything) => post("trash", fieldsOf(everything));

/** Put everything that is in the trash back; resolves to the `batch`, too.
    @type {(everything: Whole, onConflict: string) => Promise<{ batch: string }>} */
export const restoreAll = (everything, onConflict) =>
  post("trash/restore", { ...fieldsOf(everything), on_conflict: onConflict });

/** Move everything in a folder to the one at `path`; resolves to the `batch`, too.
    @type {(everything: Whole, path: string, onConflict: string) => Promise<{ batch: string }>} */
export const moveAll = (everything, path, onConflict) =>
  post("moves", { ...fieldsOf(everything), to: path && `${path}/`, on_conflict: onConflict });

/** Copy everything in a folder to the one at `path`; resolves to the `batch`, too.
    @type {(everything: Whole, path: string, onConflict: string) => Promise<{ batch: string }>} */
export const copyAll = (everything, path, onConflict) =>
  post("copies", { ...fieldsOf(everything), to: path && `${path}/`, on_conflict: onConflict });

/** Remove everything for ever; what is in a folder by way of the trash: nothing is lost before all of it is there.
    @type {(everything: Whole) => Promise<unknown>} */
export const purgeEverything = async (everything) =>
  post(
    "trash/purge",
    everything.folder === null ? fieldsOf(everything) : { batch: (await trashAll(everything)).batch },
  );

/** Undo what `batch` did, by the address that undoes such a one.
    @type {(address: string, batch: string) => Promise<unknown>} */
export const undoAll = (address, batch) => post(address, { batch });

/** Return a page of the folders in the folder at `path`, and the cursor of the next, null when files begin.
    @type {(path: string, after: string | null, limit: number) => Promise<{ folders: Told[], next: string | null }>} */
export async function foldersOf(path, after, limit) {
  const query = new URLSearchParams({ path, limit: String(limit), ...(after && { after }) });
  const response = await renewing(() => send("GET", `${root}files?${query}`));
  const { entries, next } = await response.json();
  const folders = entries.filter((/** @type {Told} */ entry) => entry.kind === "folder");
  return { folders, next: folders.length === entries.length ? next : null };
}

/** Make a folder at `path`.
    @type {(path: string) => Promise<Told>} */
export const makeFolder = (path) => post("folders", { path });

/** Return what is in the trash, the newest first, as far as one page of it reaches.
    @type {() => Promise<Told[]>} */
async function listTrash() {
  const response = await renewing(() => send("GET", `${root}trash?limit=${BATCH}`));
  return (await response.json()).entries;
}

/** Return what lies in the trash and came from one of `paths`, the newest of each.
    @type {(paths: string[]) => Promise<Told[]>} */
export async function newestTrashed(paths) {
  const trashed = await listTrash();
  return paths.flatMap((path) => trashed.find((entry) => entry.from === path) ?? []);
}
