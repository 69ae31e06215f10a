/* Drag rows onto a folder, a breadcrumb, a link of the sidebar or the trash; out of the window to download a file.
   Ctrl or Alt copies.

   Rule: every drag has an equivalent action; only a highlighted target accepts a drop. */

import { around, byId, part } from "../core/dom.js";
import { number } from "../core/format.js";
import { may } from "../core/rights.js";
import { countText } from "../core/texts.js";
import { entryOf, keyOf } from "../list/rows.js";
import { icon } from "../ui/icons.js";
import { ROWS } from "./drop.js";
import { countOf, isOne } from "./entries.js";
import { perform } from "./perform.js";
import { makeMark, placeAt, TRASH } from "./places.js";
import { reasonAgainst } from "./targets.js";

/** @import { Entries, Selection } from "../list/selection.js" */

const ROW = "#rows [data-path]";

const list = byId("list");
const page = byId("main").dataset;

const mark = makeMark();

/** @type {Entries} */
let dragged = [];

/** Build the drag image: the name of one entry, or the number of several.
    @type {(entries: Entries) => HTMLElement} */
function makeImage(entries) {
  const image = document.createElement("div");
  image.className = "drag-image";
  const isFile = isOne(entries) && entries[0].kind === "file";
  image.append(icon(isFile ? "file" : "folder"));
  const words = document.createElement("bdi");
  words.textContent = isOne(entries)
    ? entries[0].name
    : countText("dragged", countOf(entries), { count: number(countOf(entries)) });
  image.append(words);
  document.body.append(image);
  // The browser takes its snapshot after the event.
  setTimeout(() => image.remove());
  return image;
}

/** @type {(event: DragEvent, selection: Selection) => void} */
function begin(event, selection) {
  const row = around(event, ROW);
  const { dataTransfer: transfer } = event;
  if (!row || !transfer || page.place === "trash") {
    return;
  }
  dragged = selection.has(keyOf(row)) ? selection.entries : [entryOf(row)];
  // Replaces the browser's own data: the address of the link, or the picture as a file.
  transfer.clearData();
  transfer.setData(ROWS, String(countOf(dragged)));
  if (isOne(dragged) && dragged[0].kind === "file") {
    const { name, mediaType } = dragged[0];
    const { href } = part(row, "a.name", HTMLAnchorElement);
    transfer.setData(
      "DownloadURL",
      `${mediaType || "application/octet-stream"}:${name.replaceAll(":", "_")}:${href}`,
    );
  }
  transfer.effectAllowed = "copyMove";
  transfer.setDragImage(makeImage(dragged), -12, -12);
}

/** @type {(event: MouseEvent) => boolean} */
const isCopy = (event) => event.ctrlKey || event.altKey;

/** Return the place under the pointer if the dragged entries can go there.
    @type {(event: DragEvent) => ReturnType<typeof placeAt>} */
function targetOf(event) {
  const place = placeAt(event.target);
  /** @type {(path: string) => boolean} */
  const takes = (path) => !reasonAgainst(isCopy(event) ? "copy" : "move", dragged, path);
  return place && may(isCopy(event) ? "write" : "delete") && (place.path === TRASH || takes(place.path))
    ? place
    : null;
}

/** @type {(event: DragEvent) => void} */
function hover(event) {
  const target = targetOf(event);
  mark(target?.element ?? null);
  if (target && event.dataTransfer) {
    event.preventDefault();
    event.dataTransfer.dropEffect = isCopy(event) && target.path !== TRASH ? "copy" : "move";
  }
}

/** @type {(path: string | typeof TRASH, entries: Entries, copies: boolean) => { run: () => Promise<unknown> }} */
const actionOf = (path, entries, copies) => ({
  run: async () =>
    path === TRASH
      ? (await import("./deleting.js")).trash(entries)
      : (await import("./relocating.js")).moveInto(entries, path, { isCopy: copies }),
});

/** @type {(event: DragEvent) => void} */
function drop(event) {
  const target = targetOf(event);
  // Otherwise the browser would follow a dropped link.
  event.preventDefault();
  if (target) {
    perform(actionOf(target.path, dragged, isCopy(event)));
  }
  end();
}

function end() {
  mark(null);
  dragged = [];
}

/** Make rows draggable; a selected row takes all of `selection` along.
    @type {(selection: Selection) => void} */
export function bindDragging(selection) {
  // On touch, a long press opens the menu and a swipe scrolls.
  list.addEventListener("pointerdown", (event) => {
    const row = around(event, ROW);
    if (row && page.place !== "trash") {
      row.draggable = event.pointerType === "mouse" && !around(event, "input, textarea");
    }
  });
  list.addEventListener("dragstart", (event) => begin(event, selection));
  /** @type {(type: "dragenter" | "dragover" | "drop" | "dragend", handle: (event: DragEvent) => void) => void} */
  const on = (type, handle) =>
    document.addEventListener(type, (event) => {
      // A dragend is not delivered once its row has left the page.
      if (dragged.length && (event.type === "dragend" || event.dataTransfer?.types.includes(ROWS))) {
        handle(event);
      }
    });
  on("dragenter", hover);
  on("dragover", hover);
  on("drop", drop);
  on("dragend", end);
}
