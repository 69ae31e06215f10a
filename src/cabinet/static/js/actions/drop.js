/* Files and folders that are dropped or pasted.

   Rule: yields `{file, path}` with the path relative to what was dropped, and `{path}` alone for an empty folder;
   uploads nothing itself. */

import { around, byId, part } from "../core/dom.js";
import { may } from "../core/rights.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { folderTitle, makeMark, placeAt, TRASH } from "./places.js";

/** A file with its path relative to what was dropped, or the path alone of an empty folder.
    @typedef {{ file?: File, path: string }} Dropped */

/** The data type of dragged rows, of this page or of another window. */
export const ROWS = "application/x-cabinet-rows";

const page = byId("main").dataset;
/** Return whether files can be added to the open folder. */
const isOpen = () => page.place === "folder" && page.role !== "viewer" && may("write");
const TYPING = 'input:not([type="checkbox"]), textarea, [contenteditable], dialog';

/** Return whether files are being dragged. A picture in a row counts as one in the browser, but is not meant.
    @type {(event: DragEvent) => boolean} */
function carriesFiles({ dataTransfer }) {
  const types = dataTransfer?.types ?? [];
  return types.includes("Files") && !types.includes(ROWS);
}

/** @type {<T>(start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void) => Promise<T>} */
const asPromise = (start) => new Promise((resolve, reject) => start(resolve, reject));

/** @type {(entry: FileSystemEntry) => Promise<File>} */
const fileOf = (entry) =>
  asPromise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));

/** Yield every file and every empty folder below `entry`. `readEntries` returns batches, the last one empty.
    @type {(entry: FileSystemEntry, parent: string) => AsyncGenerator<Dropped>} */
async function* walk(entry, parent) {
  const path = parent ? `${parent}/${entry.name}` : entry.name;
  try {
    if (entry.isFile) {
      yield { file: await fileOf(entry), path };
      return;
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    /** @type {() => Promise<FileSystemEntry[]>} */
    const batch = () => asPromise((resolve, reject) => reader.readEntries(resolve, reject));
    let entries = await batch();
    if (!entries.length) {
      yield { path };
    }
    for (; entries.length; entries = await batch()) {
      for (const child of entries) {
        yield* walk(child, path);
      }
    }
  } catch {
    warn(text("folder-unreadable", { name: path }));
  }
}

/** @type {(transfer: DataTransfer) => Promise<Dropped[]>} */
async function collect(transfer) {
  // The items are emptied when the event handler returns, so all entries are read before the first `await`.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const plainFiles = items.filter((_, index) => !entries[index]).flatMap((item) => item.getAsFile() ?? []);
  /** @type {Dropped[]} */
  const found = plainFiles.map((file) => ({ file, path: file.name }));
  for (const entry of entries.flatMap((each) => each ?? [])) {
    for await (const item of walk(entry, "")) {
      found.push(item);
    }
  }
  return found;
}

/** Return the folder under the pointer: a row, a breadcrumb or a link of the sidebar.
    @type {(event: Event) => { element: HTMLElement, path: string } | null} */
function folderAt({ target }) {
  const place = placeAt(target);
  return place && place.path !== TRASH ? { element: place.element, path: place.path } : null;
}

/** Make the whole page a drop zone, and each folder on it one of its own; `sign` is shown while files are dragged and
    names the target. `onDrop(items, folder)` receives what was dropped. Other places accept nothing.
    @type {(sign: HTMLElement, onDrop: (items: Dropped[], folder: string) => void) => void} */
export function bindDrop(sign, onDrop) {
  // Each element that the pointer enters or leaves fires an event; the depth tells when it leaves the page.
  let depth = 0;
  const mark = makeMark();
  // The text of the sign for the open folder, while it shows another target.
  /** @type {string | null} */
  let here = null;
  /** @type {(place: { element: HTMLElement, path: string } | null) => void} */
  const showTarget = (place) => {
    mark(place?.element ?? null);
    const words = part(sign, "p");
    here ??= words.textContent;
    words.textContent = place ? text("drop-into", { name: folderTitle(place.path) }) : here;
    here = place && here;
  };
  /** @type {(change: number) => void} */
  const show = (change) => {
    depth = Math.max(0, depth + change);
    sign.hidden = depth === 0;
    if (depth === 0) {
      showTarget(null);
    }
  };
  /** @type {(type: "dragenter" | "dragleave" | "dragover" | "drop", handle: (event: DragEvent, carried: DataTransfer) => void) => void} */
  const on = (type, handle) =>
    document.addEventListener(type, (event) => {
      const { dataTransfer } = event;
      if (dataTransfer && carriesFiles(event)) {
        event.preventDefault();
        if (isOpen()) {
          handle(event, dataTransfer);
        } else {
          dataTransfer.dropEffect = "none";
        }
      }
    });
  on("dragenter", () => show(1));
  on("dragleave", () => show(-1));
  on("dragover", (event, carried) => {
    carried.dropEffect = "copy";
    showTarget(folderAt(event));
  });
  on("drop", async (event, carried) => {
    // The target that the sign showed; the open folder may change while the items are read.
    const target = folderAt(event)?.path ?? page.folder ?? "";
    show(-depth);
    onDrop(await collect(carried), target);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // A paste into a text field is text: spreadsheets put a picture on the clipboard too.
    if (files.length && isOpen() && !around(event, TYPING)) {
      event.preventDefault();
      onDrop(
        files.map((file) => ({ file, path: file.name })),
        page.folder ?? "",
      );
    }
  });
}
