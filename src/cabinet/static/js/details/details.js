/* The panel that tells what is known of the chosen entries, or of the one with the focus.

   It stands at the right of the list where the window has room, else in a sheet from below, and beside
   the stage while files are looked at. Whether it is open is remembered.

   Rule: knows where the panel is and whom it is about; what it says is in details/facts.js. */

import { around, byId, part } from "../core/dom.js";
import { entryOf, focusable, rowOf } from "../list/list.js";
import { styled } from "../ui/styles.js";
import { describe } from "./facts.js";
import { keepOpen, wasOpen } from "./kept.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Entries, Selection } from "../list/selection.js" */
/** @import { Context } from "../actions/perform.js" */

// Arrows that are held down ask for nothing on their way.
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

/** Return what the panel is about: what is chosen, else what has the focus, else the one of before.
    @type {() => Entries} */
function wanted() {
  if (byId("main").dataset.place === "trash") {
    // What is there now at the path of something deleted is something else.
    return [];
  }
  if (selection?.size) {
    return selection.entries;
  }
  const focused = around({ target: document.activeElement }, "#rows [data-path]");
  const row = focused ?? (shown.length === 1 ? rowOf(shown[0].path) : null);
  return row ? [entryOf(row)] : [];
}

/** Be about what is chosen, once that stays the same for a moment. */
function follow() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (isOpen() && !isSame(wanted())) {
      draw(wanted());
    }
  }, SETTLED_MS);
}

/** Put the open panel where the window has room for it. */
function settle() {
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
  settle();
  keepOpen(true);
  return draw(entries);
}

function close() {
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  sheet.close();
  home.append(panel);
  keepOpen(false);
  if (hadFocus) {
    (focusable(rowOf(shown[0]?.path ?? "")) ?? opener ?? list).focus();
  }
}

/** @type {(chosen: Selection) => void} */
function bindTo(chosen) {
  if (selection !== chosen) {
    selection = chosen;
    chosen.addEventListener("change", follow);
  }
}

/** Open the panel, or close it when it is about `entries` already.
    @type {(entries: Entries, context: Context) => Promise<void>} */
export async function toggleDetails(entries, context) {
  await styled;
  bindTo(context.selection);
  opener = context.opener;
  if (isOpen() && isSame(entries)) {
    close();
  } else {
    await open(entries);
  }
}

/** Open the panel on a page that one comes to with it open.
    @type {(context: Context) => Promise<void>} */
export async function reopenDetails(context) {
  if (wide.matches) {
    await styled;
    bindTo(context.selection);
    await open(wanted());
  }
}

/** Show the panel about `entry` in `place`, until `leave`.
    @type {(place: HTMLElement, entry: Entry) => Promise<void>} */
export async function showBeside(place, entry) {
  await styled;
  if (panel.parentElement !== place) {
    place.append(panel);
  }
  panel.hidden = false;
  await draw([entry]);
}

/** Give the panel back to the page, where it is open or not as it was before. */
export function leave() {
  panel.hidden = true;
  home.append(panel);
  if (wasOpen() && wide.matches) {
    open(wanted());
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
wide.addEventListener("change", () => isOpen() && settle());
list.addEventListener("focusin", follow);
list.addEventListener("listchange", () => {
  if (isOpen()) {
    draw(wanted());
  }
});
