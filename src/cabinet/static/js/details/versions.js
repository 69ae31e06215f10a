/* The versions of a file in the details panel: downloaded, restored, deleted for ever. */

import { copyOf, part, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { downloadUrl, encoded, root, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { renewing } from "../session/renewing.js";
import { confirm } from "../ui/dialogs.js";
import { say, warn } from "../ui/toasts.js";

/** @import { Entry } from "../list/list.js" */

/** A version as the server tells of it.
    @typedef {{ number: number, size: number, created_at: string, current: boolean }} Version */

/** @type {(entry: Entry) => string} */
const addressOf = (entry) => `${root}versions/${encoded(entry.path)}`;

/** @type {(element: HTMLElement, label: string) => void} */
function name(element, label) {
  element.setAttribute("aria-label", label);
  element.title = label;
}

/** Do what a button is for, once at a time, and say why not if it cannot be done.
    @type {(button: HTMLElement, action: () => Promise<void>) => Promise<void>} */
async function attempt(button, action) {
  if (button.ariaBusy === "true") {
    return;
  }
  // Not disabled: it would lose the focus.
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
  await renewing(() => send("POST", `${addressOf(entry)}/${version.number}/restore`));
  say(text("version-restored", { number: number(version.number) }));
  await onChange();
}

/** @type {(entry: Entry, version: Version, onChange: () => Promise<void>) => Promise<void>} */
async function discard(entry, version, onChange) {
  const told = { number: number(version.number) };
  if (await confirm(text("version-discard-title", told), text("purge-text"), text("purge"))) {
    await renewing(() => send("DELETE", `${addressOf(entry)}/${version.number}`));
    say(text("version-discarded", told));
    await onChange();
  }
}

/** @type {(entry: Entry, version: Version, onChange: () => Promise<void>) => HTMLElement} */
function draw(entry, version, onChange) {
  const item = copyOf("details-version");
  const told = { number: number(version.number) };
  part(item, ".version-name").textContent = text("version", told);
  part(item, ".badge-here").hidden = !version.current;
  part(item, "time", HTMLTimeElement).dateTime = version.created_at;
  const sizeShown = part(item, ".version-size");
  sizeShown.textContent = size(version.size);
  sizeShown.title = exactSize(version.size);
  const link = part(item, "a", HTMLAnchorElement);
  link.href = downloadUrl(entry.path, { version: String(version.number) });
  name(link, text("version-download", told));
  const [restoring, discarding] = parts(item, "button");
  name(restoring, text("version-restore", told));
  name(discarding, text("version-discard", told));
  for (const button of [restoring, discarding]) {
    button.hidden = version.current;
  }
  // What somebody shared is theirs to remove for good.
  discarding.hidden ||= Boolean(entry.role);
  restoring.addEventListener("click", () => attempt(restoring, () => restore(entry, version, onChange)));
  discarding.addEventListener("click", () => attempt(discarding, () => discard(entry, version, onChange)));
  return item;
}

/** List the versions of `entry` in `place` if the panel still shows it; `onChange` is called after each
    change. Raises `Failure`.
    @type {(place: HTMLElement, entry: Entry, isNow: () => boolean, onChange: () => Promise<void>) => Promise<void>} */
export async function listVersions(place, entry, isNow, onChange) {
  const response = await renewing(() => send("GET", addressOf(entry)));
  const { versions } = await response.json();
  if (isNow()) {
    /** @type {HTMLElement[]} */
    const items = versions.map((/** @type {Version} */ version) => draw(entry, version, onChange));
    items.forEach(showTimes);
    part(place, "ul").replaceChildren(...items);
    place.hidden = false;
  }
}
