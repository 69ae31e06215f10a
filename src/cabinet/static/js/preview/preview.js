/* The preview: a full-window dialog that shows one file at a time; the arrow keys go through the list.

   Rule: knows no kind of file; preview/viewers.js does. */

import { shortcutFor } from "../actions/preview-keys.js";
import { around, byId, part } from "../core/dom.js";
import { number } from "../core/format.js";
import { downloadUrl } from "../core/http.js";
import { isGuest } from "../core/identity.js";
import { text } from "../core/texts.js";
import { rowOf } from "../list/list.js";
import { entryOf, focusable } from "../list/rows.js";
import { stylesLoaded } from "../ui/styles.js";
import { bindSwipes } from "../ui/swipes.js";
import { closePreviewAddress, openPreviewAddress } from "./address.js";
import { FileCursor } from "./file-cursor.js";
import { clearStage, present } from "./viewers.js";

/** @import { Entry } from "../list/rows.js" */

/** Loads the details panel, which can be shown beside the stage.
    @typedef {() => Promise<{ showBeside: (place: HTMLElement, entry: Entry) => Promise<void>, leave: () => void }>} LoadDetails */

const dialog = byId("preview", HTMLDialogElement);
const stage = byId("preview-stage");
const tools = byId("preview-tools");
const previous = byId("preview-previous");
const next = byId("preview-next");
// Guests of a link have no details.
const detailsButton = document.getElementById("preview-details");

const cursor = new FileCursor();
/** @type {Entry | null} */
let shown = null;
/** @type {LoadDetails | null} */
let loadDetails = null;
let controller = new AbortController();

/** Empty the stage and stop its viewer. */
function clear() {
  controller.abort();
  controller = new AbortController();
  clearStage({ stage, tools });
}

/** @type {(entry: Entry) => void} */
function drawHead(entry) {
  const { index, count, hasMore } = cursor.position;
  const heading = byId("preview-name");
  part(heading, "bdi").textContent = entry.name;
  heading.title = entry.name;
  const values = { index: number(index + 1), count: `${number(count)}${hasMore ? "+" : ""}` };
  byId("preview-position").textContent = index < 0 ? "" : text("preview-position", values);
  byId("preview-download", HTMLAnchorElement).href = downloadUrl(entry.path);
  // Not `disabled`, which would lose the focus at the last file.
  previous.setAttribute("aria-disabled", String(index <= 0));
  next.setAttribute("aria-disabled", String(index < 0 || (index >= count - 1 && !hasMore)));
  if (document.activeElement?.matches('.preview-turn[aria-disabled="true"]')) {
    stage.focus({ preventScroll: true });
  }
}

/** Show `entry`; `isAgain` marks a retry.
    @type {(entry: Entry, how?: { isAgain?: boolean }) => Promise<void>} */
async function show(entry, { isAgain = false } = {}) {
  clear();
  const { signal } = controller;
  shown = entry;
  cursor.moveTo(entry.path);
  drawHead(entry);
  if (hasDetails()) {
    showDetails(true);
  }
  const again = isAgain ? null : () => show(entry, { isAgain: true });
  await present(entry, { stage, tools, dialog, signal }, again);
}

/** Show the file `by` files further in the list.
    @type {(by: number) => Promise<void>} */
async function step(by) {
  const entry = await cursor.next(by);
  if (entry && dialog.open) {
    await openPreviewAddress(entry.path);
    await show(entry);
    if (!isGuest) {
      // What guests fetch is counted.
      (await import("./prefetch.js")).prefetch(cursor.peek(by), stage);
    }
  }
}

/** Open the preview of `entry`; `load` loads the details panel, which can be shown beside it.
    @type {(entry: Entry, load: LoadDetails) => Promise<void>} */
export async function preview(entry, load) {
  loadDetails = load;
  await stylesLoaded;
  // Before the dialog opens, because the history entry saves what is visible of the list.
  await openPreviewAddress(entry.path);
  if (!dialog.open) {
    dialog.showModal();
    stage.focus({ preventScroll: true });
  }
  await show(entry);
}

const hasDetails = () => detailsButton?.getAttribute("aria-pressed") === "true";

/** Show or hide the details beside the stage.
    @type {(isWanted: boolean) => Promise<void>} */
async function showDetails(isWanted) {
  const details = await loadDetails?.();
  detailsButton?.setAttribute("aria-pressed", String(isWanted));
  if (isWanted && shown) {
    await details?.showBeside(byId("preview-side"), shown);
  } else {
    details?.leave();
  }
}

/** @type {(button: HTMLElement, by: number) => void} */
const turn = (button, by) =>
  button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || step(by));

turn(previous, -1);
turn(next, 1);
bindSwipes(stage, step);
detailsButton?.addEventListener("click", () => showDetails(!hasDetails()));
dialog.addEventListener("keydown", (event) => {
  if (
    shortcutFor(event) === "turn" &&
    !event.defaultPrevented &&
    !around(event, "video, audio, input, select, textarea")
  ) {
    event.preventDefault();
    step(event.key === "ArrowLeft" ? -1 : 1);
  }
});
dialog.addEventListener("contentchange", () => {
  const row = shown && rowOf(shown.path);
  if (shown) {
    show(row ? entryOf(row) : shown);
  }
});
byId("list").addEventListener("listchange", () => {
  if (dialog.open && shown) {
    cursor.moveTo(shown.path);
    drawHead(shown);
  }
});
dialog.addEventListener("close", () => {
  clear();
  if (!shown) {
    return;
  }
  closePreviewAddress(shown.path);
  if (hasDetails()) {
    showDetails(false);
  }
  focusable(rowOf(shown.path))?.focus();
});
