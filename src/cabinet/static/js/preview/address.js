/* The address of a look at a file: the fragment `#preview=` and its path, behind the address of the list.

   A look is an entry of the history of its own, so that Back closes it and stays in the folder, and it can
   be loaded again or passed on. The next file takes the place of the one before in it.

   Rule: knows the history and which file; how that is shown is in preview/preview.js. */

import { lookUp } from "../actions/changes.js";
import { byId } from "../core/dom.js";
import { encoded } from "../core/http.js";
import { text } from "../core/texts.js";
import { find } from "../list/history.js";
import { addressShown, entryOf, rowOf } from "../list/list.js";
import { enterAt, here } from "../list/navigation.js";
import { warn } from "../ui/toasts.js";

/** @import { Entry } from "../list/list.js" */

/** Resolves to what shows an entry.
    @typedef {() => Promise<(entry: Entry) => Promise<void>>} LoadPreview */

const MARK = "#preview=";

const main = byId("main");
const dialog = byId("preview", HTMLDialogElement);

// Resolves once the way back out of a look has been gone, which browsers take their time for.
/** @type {Promise<unknown>} */
let leaving = Promise.resolve();

/** Return the path that the address says one looks at, null for none.
    @type {() => string | null} */
function pathHere() {
  const { hash } = location;
  try {
    return hash.startsWith(MARK) ? decodeURIComponent(hash.slice(MARK.length)) : null;
  } catch {
    return null;
  }
}

const forget = () => history.replaceState(history.state, "", here());

/** Make the look at the file of `path` what the address says.
    @type {(path: string) => Promise<void>} */
export async function lookAt(path) {
  await leaving;
  const before = pathHere();
  const url = here() + MARK + encoded(path);
  if (before === null) {
    enterAt(url, { isNew: true, state: { isLook: true } });
  } else if (before !== path) {
    history.replaceState(history.state, "", url);
  }
}

/** Leave the look at the file of `path`, which has ended, unless the browser has left it already.
    @type {(path: string) => void} */
export function lookAway(path) {
  if (pathHere() !== path) {
    return;
  }
  if (!history.state?.isLook) {
    // Somebody came right here: there is no way back to the list.
    forget();
    return;
  }
  leaving = new Promise((resolve) => {
    window.addEventListener("popstate", resolve, { once: true });
  });
  history.back();
}

/** Return the file at `path`, whether its row is loaded or not; null where there is none.
    @type {(path: string) => Promise<Entry | null>} */
async function fileAt(path) {
  const row = rowOf(path);
  const [told] = row ? [] : await lookUp([path]);
  const entry = row ? entryOf(row) : told && { ...told, mediaType: told.media_type, isMount: false };
  return entry?.kind === "file" ? entry : null;
}

/** Open, or close, what the address says.
    @type {(loadPreview: LoadPreview) => Promise<void>} */
async function follow(loadPreview) {
  const path = main.dataset.place === "trash" ? null : pathHere();
  if (path === null) {
    dialog.close();
    return;
  }
  const [entry, preview] = await Promise.all([fileAt(path), loadPreview()]);
  if (pathHere() !== path) {
    return;
  }
  if (!entry) {
    warn(text("gone", { path }));
    dialog.close();
    forget();
    return;
  }
  await preview(entry);
  if (!entry.row) {
    // From here on one can turn to the files beside it.
    await find(() => rowOf(path) || pathHere() !== path);
  }
}

/** Let the address and what is looked at go together; `loadPreview` resolves to what shows an entry.
    @type {(loadPreview: LoadPreview) => void} */
export function bindLooking(loadPreview) {
  const attempt = () => follow(loadPreview).catch(({ message }) => warn(message));
  window.addEventListener("popstate", () => {
    // Another list has to come first.
    if (here() === addressShown()) {
      attempt();
    }
  });
  main.addEventListener("placechange", attempt);
  if (pathHere() !== null) {
    attempt();
  }
}
