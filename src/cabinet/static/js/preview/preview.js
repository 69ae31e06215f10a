/* A look at files, one at a time, in a dialog over the whole window; the arrows lead through the list.

   What a kind of file needs is in a module of its own, loaded with the first of that kind. It exports
   `show(entry, place)`: it fills `place.stage`, puts its buttons into `place.tools`, listens to keys at
   `place.dialog`, does all of it until `place.signal` is aborted, and raises what goes wrong.

   Rule: knows no kind of file. Nothing of a file becomes markup, and nothing in it runs. */

import { meantBy } from "../actions/preview-keys.js";
import { number } from "../core/format.js";
import { downloadUrl } from "../core/http.js";
import { text } from "../core/texts.js";
import { entryOf, rowOf } from "../list/list.js";
import { styled } from "../ui/styles.js";
import { bindSwipes } from "../ui/swipes.js";
import { lookAt, lookAway } from "./address.js";
import { Course } from "./course.js";
import { kindOf } from "./kinds.js";
import { showInstead, whyNot } from "./trouble.js";

const PARTS = {
  image: () => import("./image.js"),
  video: () => import("./media.js"),
  audio: () => import("./media.js"),
  pdf: () => import("./pdf.js"),
  text: () => import("./text.js"),
};

const dialog = document.getElementById("preview");
const stage = document.getElementById("preview-stage");
const tools = document.getElementById("preview-tools");
const previous = document.getElementById("preview-previous");
const next = document.getElementById("preview-next");
const detailsButton = document.getElementById("preview-details");

const course = new Course();
let shown = null;
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

function drawHead() {
  const { index, count, hasMore } = course.place;
  const heading = document.getElementById("preview-name");
  heading.firstElementChild.textContent = shown.name;
  heading.title = shown.name;
  const told = { index: number(index + 1), count: `${number(count)}${hasMore ? "+" : ""}` };
  dialog.querySelector("#preview-position").textContent = index < 0 ? "" : text("preview-position", told);
  document.getElementById("preview-download").href = downloadUrl(shown.path);
  // Not `disabled`: the focus would be lost on the last one.
  previous.setAttribute("aria-disabled", index <= 0);
  next.setAttribute("aria-disabled", index < 0 || (index >= count - 1 && !hasMore));
  if (document.activeElement?.matches('.preview-turn[aria-disabled="true"]')) {
    stage.focus({ preventScroll: true });
  }
}

/** Show `entry`; `isAgain` says that it was tried before. */
async function show(entry, { isAgain = false } = {}) {
  clear();
  const { signal } = ending;
  shown = entry;
  course.stopAt(entry.path);
  drawHead();
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
    const part = await PARTS[kind]();
    signal.throwIfAborted();
    await part.show(entry, { stage, tools, dialog, signal });
  } catch (failure) {
    if (!signal.aborted) {
      await explain(entry, failure, isAgain, signal);
    }
  }
  if (!signal.aborted) {
    stage.removeAttribute("aria-busy");
  }
}

/** Say why a file cannot be shown; one whose owner had to sign in again is tried once more. */
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

/** Go `by` files on in the list. */
async function step(by) {
  const entry = await course.next(by);
  if (entry && dialog.open) {
    await lookAt(entry.path);
    await show(entry);
    (await import("./ahead.js")).fetchAhead(course.glimpse(by), stage);
  }
}

/** Show what is in the file of `entry`; `load` loads the details panel, which can stand beside it. */
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

/** Show the details beside the stage, or no more. */
async function showDetails(isWanted) {
  const { leave, showBeside } = await loadDetails();
  detailsButton.setAttribute("aria-pressed", isWanted);
  if (isWanted) {
    await showBeside(document.getElementById("preview-side"), shown);
  } else {
    leave();
  }
}

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
    !event.target.closest("video, audio, input, select, textarea")
  ) {
    event.preventDefault();
    step(event.key === "ArrowLeft" ? -1 : 1);
  }
});
dialog.addEventListener("contentchange", () => {
  const row = rowOf(shown.path);
  show(row ? entryOf(row) : shown);
});
document.getElementById("list").addEventListener("listchange", () => {
  if (dialog.open && shown) {
    course.stopAt(shown.path);
    drawHead();
  }
});
dialog.addEventListener("close", () => {
  clear();
  lookAway(shown.path);
  if (hasDetails()) {
    showDetails(false);
  }
  rowOf(shown.path)?.querySelector(".name").focus();
});
