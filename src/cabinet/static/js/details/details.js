/* The details panel, about the selection, else about the focused row.

   It is a sidebar where the window is wide enough, else a bottom sheet, and beside the stage in the preview. It stays
   open from page to page.

   Rule: knows where the panel is and what it is about; details/facts.js fills it. */

import { around, byId, part } from "../core/dom.js";
import { rowOf } from "../list/list.js";
import { entryOf, focusable } from "../list/rows.js";
import { stylesLoaded } from "../ui/styles.js";
import { describe } from "./facts.js";
import { saveOpen, wasOpen } from "./open-state.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Entries, Selection } from "../list/selection.js" */
/** @import { Context } from "../actions/perform.js" */

// Holding an arrow key down sends no requests on the way.
const SETTLED_MS = 120;

const wide = matchMedia("(width >= 68.75em)");
const panel = byId("details");
const home = /** @type {HTMLElement} */ (panel.parentElement);
const sheet = byId("details-sheet", HTMLDialogElement);
const list = byId("list");

/** @type {Selection | null} */
let selection = null;
/** @type {Entries} */
let shown = [];
/** @type {HTMLElement | null} */
let opener = null;
let timer = 0;

const isOpen = () => !panel.hidden && panel.parentElement !== document.getElementById("preview-side");
/** @type {(entries: Entries) => boolean} */
const isSame = (entries) =>
  entries.everything?.count === shown.everything?.count &&
  entries.length === shown.length &&
  entries.every(({ path }, index) => path === shown[index].path);

/** @type {(entries: Entries) => Promise<void>} */
function draw(entries) {
  shown = entries;
  return describe(panel, entries);
}

/** Return the subject of the panel: the selection, else the focused row, else the previous subject.
    @type {() => Entries} */
function subject() {
  if (byId("main").dataset.place === "trash") {
    // Another entry may have the path of a deleted one now.
    return [];
  }
  if (selection?.size) {
    return selection.entries;
  }
  const focused = around({ target: document.activeElement }, "#rows [data-path]");
  const row = focused ?? (shown.length === 1 ? rowOf(shown[0].path) : null);
  return row ? [entryOf(row)] : [];
}

/** Follow the selection after a short pause. */
function follow() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (isOpen() && !isSame(subject())) {
      draw(subject());
    }
  }, SETTLED_MS);
}

/** Put the open panel where the window has room for it. */
function dock() {
  if (wide.matches) {
    sheet.close();
    home.append(panel);
  } else if (panel.parentElement !== sheet) {
    sheet.append(panel);
    sheet.showModal();
  }
}

/** @type {(entries: Entries) => Promise<void>} */
function open(entries) {
  panel.hidden = false;
  dock();
  saveOpen(true);
  return draw(entries);
}

function close() {
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  sheet.close();
  home.append(panel);
  saveOpen(false);
  if (hadFocus) {
    (focusable(rowOf(shown[0]?.path ?? "")) ?? opener ?? list).focus();
  }
}

/** @type {(newSelection: Selection) => void} */
function bindTo(newSelection) {
  if (selection !== newSelection) {
    selection = newSelection;
    newSelection.addEventListener("change", follow);
  }
}

/** Open the panel, or close it if it shows `entries` already.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export async function toggleDetails(entries, context) {
  await stylesLoaded;
  bindTo(context.selection);
  opener = context.opener;
  if (isOpen() && isSame(entries)) {
    close();
  } else {
    await open(entries);
  }
}

/** Open the panel on a page that was left with it open.
    @type {(context: Context) => Promise<void>} */
export async function reopenDetails(context) {
  if (wide.matches) {
    await stylesLoaded;
    bindTo(context.selection);
    await open(subject());
  }
}

/** Show the panel about `entry` in `place`, until `leave`.
    @type {(place: HTMLElement, entry: Entry) => Promise<void>} */
export async function showBeside(place, entry) {
  await stylesLoaded;
  if (panel.parentElement !== place) {
    place.append(panel);
  }
  panel.hidden = false;
  await draw([entry]);
}

/** Return the panel to the page, open or closed as it was before. */
export function leave() {
  panel.hidden = true;
  home.append(panel);
  if (wasOpen() && wide.matches) {
    open(subject());
  }
}

part(panel, ".details-close").addEventListener("click", () => {
  if (isOpen()) {
    close();
  } else {
    byId("preview-details").click();
  }
});
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isOpen() && wide.matches) {
    event.preventDefault();
    close();
  }
});
sheet.addEventListener("close", () => isOpen() && panel.parentElement === sheet && close());
wide.addEventListener("change", () => isOpen() && dock());
list.addEventListener("focusin", follow);
list.addEventListener("listchange", () => {
  if (isOpen()) {
    draw(subject());
  }
});
