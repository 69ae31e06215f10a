/* The versions of a file in the details panel: downloaded, restored, deleted for ever. */

import { exactSize, number, size } from "../core/format.js";
import { downloadUrl, encoded, root, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { renewing } from "../session/renewing.js";
import { confirm } from "../ui/dialogs.js";
import { say, warn } from "../ui/toasts.js";

const template = document.getElementById("details-version");

const addressOf = (entry) => `${root}versions/${encoded(entry.path)}`;

function name(element, label) {
  element.setAttribute("aria-label", label);
  element.title = label;
}

/** Do what a button is for, once at a time, and say why not if it cannot be done. */
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

async function restore(entry, version, onChange) {
  await renewing(() => send("POST", `${addressOf(entry)}/${version.number}/restore`));
  say(text("version-restored", { number: number(version.number) }));
  await onChange();
}

async function discard(entry, version, onChange) {
  const told = { number: number(version.number) };
  if (await confirm(text("version-discard-title", told), text("purge-text"), text("purge"))) {
    await renewing(() => send("DELETE", `${addressOf(entry)}/${version.number}`));
    say(text("version-discarded", told));
    await onChange();
  }
}

function draw(entry, version, onChange) {
  const item = template.content.firstElementChild.cloneNode(true);
  const told = { number: number(version.number) };
  item.querySelector(".version-name").textContent = text("version", told);
  item.querySelector(".badge-here").hidden = !version.current;
  item.querySelector("time").dateTime = version.created_at;
  const sizeShown = item.querySelector(".version-size");
  sizeShown.textContent = size(version.size);
  sizeShown.title = exactSize(version.size);
  const link = item.querySelector("a");
  link.href = downloadUrl(entry.path, { version: version.number });
  name(link, text("version-download", told));
  const [restoring, discarding] = item.querySelectorAll("button");
  name(restoring, text("version-restore", told));
  name(discarding, text("version-discard", told));
  for (const button of [restoring, discarding]) {
    button.hidden = version.current;
  }
  restoring.addEventListener("click", () => attempt(restoring, () => restore(entry, version, onChange)));
  discarding.addEventListener("click", () => attempt(discarding, () => discard(entry, version, onChange)));
  return item;
}

/** List the versions of `entry` in `place` if the panel still shows it; `onChange` is called after each
    change. Raises `Failure`. */
export async function listVersions(place, entry, isNow, onChange) {
  const response = await renewing(() => send("GET", addressOf(entry)));
  const { versions } = await response.json();
  if (isNow()) {
    const items = versions.map((version) => draw(entry, version, onChange));
    items.forEach(showTimes);
    place.querySelector("ul").replaceChildren(...items);
    place.hidden = false;
  }
}
