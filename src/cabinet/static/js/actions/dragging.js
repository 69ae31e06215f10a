/* Rows dragged onto a folder, a crumb, a link of the rail or the trash; out of the window, a file is
   downloaded. With Ctrl or Alt, what is dragged is copied.

   Rule: whatever dragging does, a button does, too; what does not light up takes nothing. */

import { number } from "../core/format.js";
import { countText } from "../core/texts.js";
import { entryOf } from "../list/list.js";
import { icon } from "../ui/icons.js";
import { ROWS } from "./drop.js";
import { countOf, isOne } from "./entries.js";
import { perform } from "./perform.js";
import { makeMark, placeAt, TRASH } from "./places.js";
import { reasonAgainst } from "./targets.js";

const ROW = "#rows [data-path]";

const list = document.getElementById("list");
const page = document.getElementById("main").dataset;

const mark = makeMark();

let dragged = [];

/** Draw what hangs at the pointer: the name of the one, or how many they are. */
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
  // The browser takes its picture once the event is over.
  setTimeout(() => image.remove());
  return image;
}

function begin(event, selection) {
  const row = event.target.closest?.(ROW);
  if (!row || page.place === "trash") {
    return;
  }
  dragged = selection.has(row.dataset.path) ? selection.entries : [entryOf(row)];
  const { dataTransfer: transfer } = event;
  // What the browser would drag: the address of the link, or the picture as a file.
  transfer.clearData();
  transfer.setData(ROWS, String(countOf(dragged)));
  if (isOne(dragged) && dragged[0].kind === "file") {
    const { name, mediaType } = dragged[0];
    const { href } = row.querySelector(".name");
    transfer.setData(
      "DownloadURL",
      `${mediaType || "application/octet-stream"}:${name.replaceAll(":", "_")}:${href}`,
    );
  }
  transfer.effectAllowed = "copyMove";
  transfer.setDragImage(makeImage(dragged), -12, -12);
}

const isCopy = (event) => event.ctrlKey || event.altKey;

/** Return the place under the pointer if what is dragged can go there. */
function targetOf(event) {
  const place = placeAt(event.target);
  const takes = (path) => !reasonAgainst(isCopy(event) ? "copy" : "move", dragged, path);
  return place && (place.path === TRASH || takes(place.path)) ? place : null;
}

function hover(event) {
  const target = targetOf(event);
  mark(target?.element ?? null);
  if (target) {
    event.preventDefault();
    event.dataTransfer.dropEffect = isCopy(event) && target.path !== TRASH ? "copy" : "move";
  }
}

const actionOf = (path, entries, copies) => ({
  run: async () =>
    path === TRASH
      ? (await import("./deleting.js")).trash(entries)
      : (await import("./relocating.js")).moveInto(entries, path, { isCopy: copies }),
});

function drop(event) {
  const target = targetOf(event);
  // Or the browser would follow what was dropped as a link.
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

/** Let rows be dragged; with the row under the pointer go all that `selection` holds, if it is one of them. */
export function bindDragging(selection) {
  // By touch, a long press is for the menu and a stroke for scrolling.
  list.addEventListener("pointerdown", ({ target, pointerType }) => {
    const row = target.closest(ROW);
    if (row && page.place !== "trash") {
      row.draggable = pointerType === "mouse" && !target.closest("input, textarea");
    }
  });
  list.addEventListener("dragstart", (event) => begin(event, selection));
  const on = (type, handle) =>
    document.addEventListener(type, (event) => {
      // The end of a drag is not heard of when its row has left the page.
      if (dragged.length && (event.type === "dragend" || event.dataTransfer.types.includes(ROWS))) {
        handle(event);
      }
    });
  on("dragenter", hover);
  on("dragover", hover);
  on("drop", drop);
  on("dragend", end);
}
