/* Files that come by drag and drop or from the clipboard, folders with all that is in them.

   Rule: hands over `{file, path}`, the path relative to what was dropped, and `{path}` alone for a
   folder with nothing in it; uploads nothing itself. */

import { around, byId, part } from "../core/dom.js";
import { text } from "../core/texts.js";
import { warn } from "../ui/toasts.js";
import { makeMark, placeAt, TRASH, titleOf } from "./places.js";

/** A file with its path relative to what was dropped, or the path alone of a folder with nothing in it.
    @typedef {{ file?: File, path: string }} Dropped */

/** The type of what is dragged when it is rows of a list: of this page or of another window. */
export const ROWS = "application/x-cabinet-rows";

const page = byId("main").dataset;
/** Tell whether files can be put into what is open. */
const isOpen = () => page.place === "folder" && page.role !== "viewer";
const TYPING = 'input:not([type="checkbox"]), textarea, [contenteditable], dialog';

/** Tell whether files hang at the pointer. A picture in a row is one for the browser, and is not meant.
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

/** Yield every file and every empty folder below `entry`; a folder hands out its content in batches, the
    last one empty.
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
  // The items are gone once the event handler returns, so all entries are taken before any wait.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const loose = items.filter((_, index) => !entries[index]).flatMap((item) => item.getAsFile() ?? []);
  /** @type {Dropped[]} */
  const found = loose.map((file) => ({ file, path: file.name }));
  for (const entry of entries.flatMap((each) => each ?? [])) {
    for await (const item of walk(entry, "")) {
      found.push(item);
    }
  }
  return found;
}

/** Return the folder that the pointer is over, if it is over one: a row, a crumb, a link of the rail.
    @type {(event: Event) => { element: HTMLElement, path: string } | null} */
function folderAt({ target }) {
  const place = placeAt(target);
  return place && place.path !== TRASH ? { element: place.element, path: place.path } : null;
}

/** Make the whole page a drop zone, and each folder on it one of its own; `sign` shows while files hang
    over it, and says where they would go. `take(items, folder)` gets what is dropped, and where. Other
    places take nothing.
    @type {(sign: HTMLElement, take: (items: Dropped[], folder: string) => void) => void} */
export function bindDrop(sign, take) {
  // Each element that the pointer enters and leaves reports both; only the sum tells.
  let depth = 0;
  const mark = makeMark();
  // What it says of the open folder, while it speaks of another.
  /** @type {string | null} */
  let here = null;
  /** @type {(place: { element: HTMLElement, path: string } | null) => void} */
  const aim = (place) => {
    mark(place?.element ?? null);
    const words = part(sign, "p");
    here ??= words.textContent;
    words.textContent = place ? text("drop-into", { name: titleOf(place.path) }) : here;
    here = place && here;
  };
  /** @type {(change: number) => void} */
  const show = (change) => {
    depth = Math.max(0, depth + change);
    sign.hidden = depth === 0;
    if (depth === 0) {
      aim(null);
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
    aim(folderAt(event));
  });
  on("drop", async (event, carried) => {
    // As the sign says; once all is read, another folder may be open.
    const target = folderAt(event)?.path ?? page.folder ?? "";
    show(-depth);
    take(await collect(carried), target);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // Whoever types pastes the words: a table is on the clipboard as a picture, too.
    if (files.length && isOpen() && !around(event, TYPING)) {
      event.preventDefault();
      take(
        files.map((file) => ({ file, path: file.name })),
        page.folder ?? "",
      );
    }
  });
}
