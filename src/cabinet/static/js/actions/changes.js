/* Requests that change many entries, in batches; each is retried after signing in again.

   Rule: knows the HTTP API and nothing of the page. A change of several batches yields each of them, because those
   before a failure have been carried out. */

import { base, send, sendJson } from "../core/http.js";
import { withSession } from "../session/with-session.js";

/** @import { Everything } from "../list/selection.js" */

/** An entry as in the API.
    @typedef {object} ApiEntry
    @property {string} path
    @property {string} name
    @property {string} kind
    @property {number} size
    @property {string} id
    @property {string} created_at
    @property {string} modified_at
    @property {string} [media_type] of files only, as is content_hash
    @property {string} [content_hash]
    @property {number} [tree_size] of folders only, as is tree_files
    @property {number} [tree_files]
    @property {string} [from] in the trash only
    @property {true} [shared] if its user shares it
    @property {{ owner: string, role: string }} [mount] of a folder shared by another user only */

/** The entries moved or copied by one request, and the batch to undo it if it crossed spaces.
    @typedef {ApiEntry[] & { batch?: string }} Moved */

/** A reference to everything in a place: the folder, the exceptions, and the number of entries.
    @typedef {Pick<Everything, "folder" | "except" | "count">} EverythingRef */

// The server's limit for one request.
const BATCH = 1000;

/** @type {(address: string, value: object) => Promise<any>} */
const post = (address, value) => withSession(() => sendJson("POST", `${base}${address}`, value));

/** Post `items` as `key`, with `fields`, one batch at a time; yields the entries of each answer, with the `batch` to
    undo if there is one.
    @type {(address: string, key: string, items: string[], fields?: object) => AsyncGenerator<any>} */
async function* inBatches(address, key, items, fields = {}) {
  for (let start = 0; start < items.length; start += BATCH) {
    const answer = await post(address, { [key]: items.slice(start, start + BATCH), ...fields });
    yield Object.assign(answer.entries, { batch: answer.batch });
  }
}

/** Run all batches of a change; returns all its entries.
    @type {<T>(batches: AsyncIterable<T[]>) => Promise<T[]>} */
export async function collect(batches) {
  /** @type {any[]} */
  const entries = [];
  for await (const some of batches) {
    entries.push(...some);
  }
  return entries;
}

/** Return a function that runs a change of `items` in batches and returns all its entries; `batchesOf` starts it for
    a list of items. Called again after a failure, the function continues with the rest.
    @type {<T>(batchesOf: (items: string[]) => AsyncIterable<T[]>, items: string[]) => () => Promise<T[]>} */
export function resumableChange(batchesOf, items) {
  /** @type {any[]} */
  const entries = [];
  return async () => {
    for await (const some of batchesOf(items.slice(entries.length))) {
      entries.push(...some);
    }
    return entries;
  };
}

/** Move `paths` to the trash; yields the trashed entries, each with its `id`.
    @type {(paths: string[]) => AsyncGenerator<ApiEntry[]>} */
export const trashPaths = (paths) => inBatches("trash", "paths", paths);

/** Restore `ids` from the trash; yields the restored entries.
    @type {(ids: string[], onConflict?: string) => AsyncGenerator<ApiEntry[]>} */
export const restoreIds = (ids, onConflict = "fail") =>
  inBatches("trash/restore", "ids", ids, { on_conflict: onConflict });

/** Move or copy ("moves", "copies") `paths` to the folder `to`; yields the resulting entries.
    @type {(kind: string, paths: string[], to: string, onConflict?: string) => AsyncGenerator<Moved>} */
export const relocatePaths = (kind, paths, to, onConflict = "fail") =>
  inBatches(kind, "from", paths, { to, on_conflict: onConflict });

/** Return the entry at each of `paths`, null where there is none.
    @type {(paths: string[]) => Promise<(ApiEntry | null)[]>} */
export const lookUp = (paths) => collect(inBatches("lookup", "paths", paths));

/** Permanently delete `ids` from the trash.
    @type {(ids: string[]) => Promise<void>} */
export async function purgeIds(ids) {
  for (let start = 0; start < ids.length; start += BATCH) {
    const value = JSON.stringify({ ids: ids.slice(start, start + BATCH) });
    const type = { "Content-Type": "application/json" };
    await withSession(() => send("POST", `${base}trash/purge`, value, type));
  }
}

/** Empty the trash that `query` names.
    @type {(query: string) => Promise<unknown>} */
export const purgeAll = (query) => withSession(() => send("DELETE", `${base}trash${query}`));

/** Return the request fields for everything in a place (actions/everything.js).
    @type {(everything: EverythingRef) => object} */
const fieldsOf = ({ folder, except, count }) =>
  folder === null ? { all: true, except, count } : { folder, except, count };

/** Move everything in a folder to the trash; resolves to the `batch`.
    @type {(everything: EverythingRef) => Promise<{ batch: string }>} */
export const trashAll = (everything) => post("trash", fieldsOf(everything));

/** Restore everything in the trash that `query` names; resolves to the `batch`.
    @type {(everything: EverythingRef, onConflict: string, query: string) => Promise<{ batch: string }>} */
export const restoreAll = (everything, onConflict, query) =>
  post(`trash/restore${query}`, { ...fieldsOf(everything), on_conflict: onConflict });

/** Move everything in a folder to the folder at `path`; resolves to the `batch`.
    @type {(everything: EverythingRef, path: string, onConflict: string) => Promise<{ batch: string }>} */
export const moveAll = (everything, path, onConflict) =>
  post("moves", { ...fieldsOf(everything), to: path && `${path}/`, on_conflict: onConflict });

/** Copy everything in a folder to the folder at `path`; resolves to the `batch`.
    @type {(everything: EverythingRef, path: string, onConflict: string) => Promise<{ batch: string }>} */
export const copyAll = (everything, path, onConflict) =>
  post("copies", { ...fieldsOf(everything), to: path && `${path}/`, on_conflict: onConflict });

/** Permanently delete everything in a place, a folder or the trash that `query` names; a folder's content passes through
    the trash, so a failure loses nothing.
    @type {(everything: EverythingRef, query: string) => Promise<unknown>} */
export const purgeEverything = async (everything, query) =>
  post(
    `trash/purge${query}`,
    everything.folder === null ? fieldsOf(everything) : { batch: (await trashAll(everything)).batch },
  );

/** Undo `batch` at the given address.
    @type {(address: string, batch: string) => Promise<unknown>} */
export const undoAll = (address, batch) => post(address, { batch });

/** Return a page of the subfolders of `path`, and the cursor of the next page, null after the last one.
    @type {(path: string, after: string | null, limit: number) => Promise<{ folders: ApiEntry[], next: string | null }>} */
export async function foldersOf(path, after, limit) {
  const query = new URLSearchParams({ path, limit: String(limit), ...(after && { after }) });
  const response = await withSession(() => send("GET", `${base}files?${query}`));
  const { entries, next } = await response.json();
  const folders = entries.filter((/** @type {ApiEntry} */ entry) => entry.kind === "folder");
  return { folders, next: folders.length === entries.length ? next : null };
}

/** Create a folder at `path`.
    @type {(path: string) => Promise<ApiEntry>} */
export const makeFolder = (path) => post("folders", { path });

/** Return the trash, newest first, limited to one page.
    @type {() => Promise<ApiEntry[]>} */
async function listTrash() {
  const response = await withSession(() => send("GET", `${base}trash?limit=${BATCH}`));
  return (await response.json()).entries;
}

/** Return the newest trashed entry of each of `paths`.
    @type {(paths: string[]) => Promise<ApiEntry[]>} */
export async function newestTrashed(paths) {
  const trashed = await listTrash();
  return paths.flatMap((path) => trashed.find((entry) => entry.from === path) ?? []);
}
