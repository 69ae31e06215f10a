/* The versions of a file in the details panel: download, restore, delete permanently. */

import { copyOf, part, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { base, downloadUrl, encoded, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { withSession } from "../session/with-session.js";
import { confirm } from "../ui/dialogs.js";
import { notify, warn } from "../ui/toasts.js";

/** @import { Entry } from "../list/rows.js" */

/** A version as in the API.
    @typedef {{ number: number, size: number, created_at: string, current: boolean }} Version */

/** @type {(entry: Entry) => string} */
const addressOf = (entry) => `${base}versions/${encoded(entry.path)}`;

/** @type {(element: HTMLElement, label: string) => void} */
function name(element, label) {
  element.setAttribute("aria-label", label);
  element.title = label;
}

/** Run the action of a button, once at a time; show an error if it fails.
    @type {(button: HTMLElement, action: () => Promise<void>) => Promise<void>} */
async function attempt(button, action) {
  if (button.ariaBusy === "true") {
    return;
  }
  // Not disabled, which would lose the focus.
  button.ariaBusy = "true";
  try {
    await action();
  } catch (failure) {
    warn(failure.message);
  }
  button.ariaBusy = null;
}

/** @type {(entry: Entry, version: Version, onChange: () => Promise<void>) => Promise<void>} */
async function restore(entry, version, onChange) {
  await withSession(() => send("POST", `${addressOf(entry)}/${version.number}/restore`));
  notify(text("version-restored", { number: number(version.number) }));
  await onChange();
}

/** @type {(entry: Entry, version: Version, onChange: () => Promise<void>) => Promise<void>} */
async function discard(entry, version, onChange) {
  const values = { number: number(version.number) };
  if (await confirm(text("version-discard-title", values), text("purge-text"), text("purge"))) {
    await withSession(() => send("DELETE", `${addressOf(entry)}/${version.number}`));
    notify(text("version-discarded", values));
    await onChange();
  }
}

/** @type {(entry: Entry, version: Version, onChange: () => Promise<void>) => HTMLElement} */
function draw(entry, version, onChange) {
  const item = copyOf("details-version");
  const values = { number: number(version.number) };
  part(item, ".version-name").textContent = text("version", values);
  part(item, ".badge-here").hidden = !version.current;
  part(item, "time", HTMLTimeElement).dateTime = version.created_at;
  const sizeShown = part(item, ".version-size");
  sizeShown.textContent = size(version.size);
  sizeShown.title = exactSize(version.size);
  const link = part(item, "a", HTMLAnchorElement);
  link.href = downloadUrl(entry.path, { version: String(version.number) });
  name(link, text("version-download", values));
  const [restoring, discarding] = parts(item, "button");
  name(restoring, text("version-restore", values));
  name(discarding, text("version-discard", values));
  for (const button of [restoring, discarding]) {
    button.hidden = version.current;
  }
  // Shared content can only be deleted permanently by its owner.
  discarding.hidden ||= Boolean(entry.role);
  restoring.addEventListener("click", () => attempt(restoring, () => restore(entry, version, onChange)));
  discarding.addEventListener("click", () => attempt(discarding, () => discard(entry, version, onChange)));
  return item;
}

/** List the versions of `entry` in `place` if the panel still shows it; `onChange` is called after each change.
    Raises `Failure`.
    @type {(place: HTMLElement, entry: Entry, isCurrent: () => boolean, onChange: () => Promise<void>) => Promise<void>} */
export async function listVersions(place, entry, isCurrent, onChange) {
  const response = await withSession(() => send("GET", addressOf(entry)));
  const { versions } = await response.json();
  if (isCurrent()) {
    /** @type {HTMLElement[]} */
    const items = versions.map((/** @type {Version} */ version) => draw(entry, version, onChange));
    items.forEach(showTimes);
    part(place, "ul").replaceChildren(...items);
    place.hidden = false;
  }
}
