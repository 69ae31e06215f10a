/* The elements of rows: what one says of its entry.

   Rule: reads one element and changes none. */

/** What a row says of its entry.
    @typedef {object} Entry
    @property {string} path
    @property {string} name
    @property {string} kind "file" or "folder"
    @property {number} size in bytes; of a folder that of its content
    @property {string} [mediaType]
    @property {string} [trashId] only in the trash
    @property {string} [role] only of a folder shared by others, and of what is in it
    @property {boolean} isMount whether it is such a folder itself
    @property {HTMLElement} [row] if it is loaded */

/** Return the key of a row: its path, in the trash its id, for two items of one path may lie there.
    @type {(row: Element) => string} */
export const keyOf = (row) => row.getAttribute("data-trash-id") ?? row.getAttribute("data-path") ?? "";

/** Return what takes the focus in a row, null if there is nothing.
    @type {(row: Element | null | undefined) => HTMLElement | null} */
export const focusable = (row) => row?.querySelector(".name") ?? null;

/** Return the entry of a row.
    @type {(row: HTMLElement) => Entry} */
export function entryOf(row) {
  const { path = "", name = "", kind = "", size, type, trashId, role, mount } = row.dataset;
  return {
    path,
    name,
    kind,
    size: Number(size),
    mediaType: type,
    trashId,
    role,
    isMount: mount !== undefined,
    row,
  };
}
