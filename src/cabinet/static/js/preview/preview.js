/* A look at files, one at a time, in a dialog over the whole window; the arrows lead through the list.

   What a kind of file needs is in a module of its own, loaded with the first of that kind. It exports
   `show(entry, place)`: it fills `place.stage`, puts its buttons into `place.tools`, listens to keys at
   `place.dialog`, does all of it until `place.signal` is aborted, and raises what goes wrong.

   Rule: knows no kind of file. Nothing of a file becomes markup, and nothing in it runs. */

import { meantBy } from "../actions/preview-keys.js";
import { around, byId, part } from "../core/dom.js";
import { number } from "../core/format.js";
import { downloadUrl } from "../core/http.js";
import { text } from "../core/texts.js";
import { entryOf, focusable, rowOf } from "../list/list.js";
import { styled } from "../ui/styles.js";
import { bindSwipes } from "../ui/swipes.js";
import { lookAt, lookAway } from "./address.js";
import { Course } from "./course.js";
import { kindOf } from "./kinds.js";
import { showInstead, whyNot } from "./trouble.js";

/** @import { Entry } from "../list/list.js" */

/** Where a file is shown, and until when.
    @typedef {object} Place
    @property {HTMLElement} stage
    @property {HTMLElement} tools
    @property {HTMLDialogElement} dialog
    @property {AbortSignal} signal */

/** What shows a kind of file.
    @typedef {{ show: (entry: Entry, place: Place) => Promise<void> }} Part */

/** What loads the details panel, which can stand beside the stage.
    @typedef {() => Promise<{ showBeside: (place: HTMLElement, entry: Entry) => Promise<void>, leave: () => void }>} LoadDetails */

/** @type {Record<string, () => Promise<Part>>} */
const PARTS = {
  image: () => import("./image.js"),
  video: () => import("./media.js"),
  audio: () => import("./media.js"),
  pdf: () => import("./pdf.js"),
  text: () => import("./text.js"),
};

const dialog = byId("preview", HTMLDialogElement);
const stage = byId("preview-stage");
const tools = byId("preview-tools");
const previous = byId("preview-previous");
const next = byId("preview-next");
const detailsButton = byId("preview-details");

const course = new Course();
/** @type {Entry | null} */
let shown = null;
/** @type {LoadDetails | null} */
let loadDetails = null;
let ending = new AbortController();

/** Empty the stage; whatever ran on it stops. */
function clear() {
  ending.abort();
  ending = new AbortController();
  stage.replaceChildren();
  tools.replaceChildren();
  stage.removeAttribute("aria-busy");
  stage.scrollTo(0, 0);
}

/** @type {(entry: Entry) => void} */
function drawHead(entry) {
  const { index, count, hasMore } = course.place;
  const heading = byId("preview-name");
  part(heading, "bdi").textContent = entry.name;
  heading.title = entry.name;
  const told = { index: number(index + 1), count: `${number(count)}${hasMore ? "+" : ""}` };
  byId("preview-position").textContent = index < 0 ? "" : text("preview-position", told);
  byId("preview-download", HTMLAnchorElement).href = downloadUrl(entry.path);
  // Not `disabled`: the focus would be lost on the last one.
  previous.setAttribute("aria-disabled", String(index <= 0));
  next.setAttribute("aria-disabled", String(index < 0 || (index >= count - 1 && !hasMore)));
  if (document.activeElement?.matches('.preview-turn[aria-disabled="true"]')) {
    stage.focus({ preventScroll: true });
  }
}

/** Show `entry`; `isAgain` says that it was tried before.
    @type {(entry: Entry, how?: { isAgain?: boolean }) => Promise<void>} */
async function show(entry, { isAgain = false } = {}) {
  clear();
  const { signal } = ending;
  shown = entry;
  course.stopAt(entry.path);
  drawHead(entry);
  if (hasDetails()) {
    showDetails(true);
  }
  const kind = kindOf(entry);
  stage.dataset.kind = kind;
  if (!PARTS[kind]) {
    showInstead(stage, entry, text("preview-none"));
    return;
  }
  stage.setAttribute("aria-busy", "true");
  try {
    const viewer = await PARTS[kind]();
    signal.throwIfAborted();
    await viewer.show(entry, { stage, tools, dialog, signal });
  } catch (failure) {
    if (!signal.aborted) {
      await explain(entry, failure, isAgain, signal);
    }
  }
  if (!signal.aborted) {
    stage.removeAttribute("aria-busy");
  }
}

/** Say why a file cannot be shown; one whose owner had to sign in again is tried once more.
    @type {(entry: Entry, failure: Error, isAgain: boolean, signal: AbortSignal) => Promise<void>} */
async function explain(entry, failure, isAgain, signal) {
  const { message, isThere, wasAway } = await whyNot(entry, failure);
  if (signal.aborted) {
    return;
  }
  if (wasAway && !isAgain) {
    await show(entry, { isAgain: true });
    return;
  }
  clear();
  stage.dataset.kind = "none";
  showInstead(stage, entry, message, { isThere });
}

/** Go `by` files on in the list.
    @type {(by: number) => Promise<void>} */
async function step(by) {
  const entry = await course.next(by);
  if (entry && dialog.open) {
    await lookAt(entry.path);
    await show(entry);
    (await import("./ahead.js")).fetchAhead(course.glimpse(by), stage);
  }
}

/** Show what is in the file of `entry`; `load` loads the details panel, which can stand beside it.
    @type {(entry: Entry, load: LoadDetails) => Promise<void>} */
export async function preview(entry, load) {
  loadDetails = load;
  await styled;
  // Before the dialog is there: what is remembered of the list is what shows of it.
  await lookAt(entry.path);
  if (!dialog.open) {
    dialog.showModal();
    stage.focus({ preventScroll: true });
  }
  await show(entry);
}

const hasDetails = () => detailsButton.getAttribute("aria-pressed") === "true";

/** Show the details beside the stage, or no more.
    @type {(isWanted: boolean) => Promise<void>} */
async function showDetails(isWanted) {
  const details = await loadDetails?.();
  detailsButton.setAttribute("aria-pressed", String(isWanted));
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
detailsButton.addEventListener("click", () => showDetails(!hasDetails()));
dialog.addEventListener("keydown", (event) => {
  if (
    meantBy(event) === "turn" &&
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
    course.stopAt(shown.path);
    drawHead(shown);
  }
});
dialog.addEventListener("close", () => {
  clear();
  if (!shown) {
    return;
  }
  lookAway(shown.path);
  if (hasDetails()) {
    showDetails(false);
  }
  focusable(rowOf(shown.path))?.focus();
});
