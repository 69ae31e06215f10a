/* The preview in the address: the fragment `#preview=` and the path of the file, after the address of the list.

   The preview is a history entry of its own, so that Back closes it and the address can be reloaded or shared. The
   next file replaces the entry.

   Rule: knows the history and the path; preview/preview.js shows the file. */

import { lookUp } from "../actions/changes.js";
import { byId } from "../core/dom.js";
import { encoded } from "../core/http.js";
import { text } from "../core/texts.js";
import { loadUntil } from "../list/history.js";
import { model, rowOf } from "../list/list.js";
import { currentAddress, setAddress } from "../list/navigation.js";
import { entryOf } from "../list/rows.js";
import { warn } from "../ui/toasts.js";

/** @import { Entry } from "../list/rows.js" */

/** Resolves to the function that shows an entry.
    @typedef {() => Promise<(entry: Entry) => Promise<void>>} LoadPreview */

const FRAGMENT = "#preview=";

const main = byId("main");
const dialog = byId("preview", HTMLDialogElement);

// Resolves once the history has gone back from a preview, which is asynchronous.
/** @type {Promise<unknown>} */
let goingBack = Promise.resolve();

/** Return the path in the address, null if there is none.
    @type {() => string | null} */
function previewedPath() {
  const { hash } = location;
  try {
    return hash.startsWith(FRAGMENT) ? decodeURIComponent(hash.slice(FRAGMENT.length)) : null;
  } catch {
    return null;
  }
}

const removeFragment = () => history.replaceState(history.state, "", currentAddress());

/** Put the preview of the file at `path` into the address.
    @type {(path: string) => Promise<void>} */
export async function openPreviewAddress(path) {
  await goingBack;
  const before = previewedPath();
  const url = currentAddress() + FRAGMENT + encoded(path);
  if (before === null) {
    setAddress(url, { isNew: true, state: { isLook: true } });
  } else if (before !== path) {
    history.replaceState(history.state, "", url);
  }
}

/** Remove the closed preview of the file at `path` from the address, unless Back has done so already.
    @type {(path: string) => void} */
export function closePreviewAddress(path) {
  if (previewedPath() !== path) {
    return;
  }
  if (!history.state?.isLook) {
    // The page was opened at this address, so Back would not lead to the list.
    removeFragment();
    return;
  }
  goingBack = new Promise((resolve) => {
    window.addEventListener("popstate", resolve, { once: true });
  });
  history.back();
}

/** Return the file at `path`, whether its row is loaded or not; null if there is none.
    @type {(path: string) => Promise<Entry | null>} */
async function fileAt(path) {
  const row = rowOf(path);
  const [found] = row ? [] : await lookUp([path]);
  const entry = row ? entryOf(row) : found && { ...found, mediaType: found.media_type, isMount: false };
  return entry?.kind === "file" ? entry : null;
}

/** Open or close the preview, according to the address.
    @type {(loadPreview: LoadPreview) => Promise<void>} */
async function applyAddress(loadPreview) {
  const path = main.dataset.place === "trash" ? null : previewedPath();
  if (path === null) {
    dialog.close();
    return;
  }
  const [entry, preview] = await Promise.all([fileAt(path), loadPreview()]);
  if (previewedPath() !== path) {
    return;
  }
  if (!entry) {
    warn(text("gone", { path }));
    dialog.close();
    removeFragment();
    return;
  }
  await preview(entry);
  if (!entry.row) {
    // Load the rows up to the file, so that its neighbors can be shown.
    await loadUntil(() => rowOf(path) || previewedPath() !== path);
  }
}

/** Keep the preview and the address in sync; `loadPreview` resolves to the function that shows an entry.
    @type {(loadPreview: LoadPreview) => void} */
export function bindPreviewAddress(loadPreview) {
  const attempt = () => applyAddress(loadPreview).catch(({ message }) => warn(message));
  window.addEventListener("popstate", () => {
    // Otherwise navigation loads another list first.
    if (currentAddress() === model.place.address) {
      attempt();
    }
  });
  main.addEventListener("placechange", attempt);
  if (previewedPath() !== null) {
    attempt();
  }
}
