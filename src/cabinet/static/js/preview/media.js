/* Audio and video in the browser's own player, which fetches ranges so that seeking works. */

import { inlineUrl } from "../core/http.js";
import { kindOf } from "./kinds.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Place } from "./viewers.js" */

/** @type {(entry: Entry) => HTMLMediaElement} */
function make(entry) {
  const player = document.createElement(kindOf(entry) === "audio" ? "audio" : "video");
  player.className = "preview-player";
  player.controls = true;
  player.preload = "metadata";
  player.setAttribute("playsinline", "");
  player.setAttribute("aria-label", entry.name);
  player.src = inlineUrl(entry.path);
  return player;
}

/** @type {(player: HTMLMediaElement) => void} */
function stop(player) {
  player.pause();
  player.removeAttribute("src");
  // Only this aborts a running request.
  player.load();
}

/** @type {(player: HTMLMediaElement) => void} */
function toggle(player) {
  if (player.paused) {
    player.play().catch(() => {});
  } else {
    player.pause();
  }
}

/** Show audio or video; the space bar toggles playback wherever the focus is.
    @type {(entry: Entry, place: Place) => Promise<void>} */
export async function show(entry, { stage, dialog, signal }) {
  const player = make(entry);
  signal.addEventListener("abort", () => stop(player));
  /** @type {Promise<unknown>} */
  const loaded = new Promise((resolve, reject) => {
    player.addEventListener("loadedmetadata", resolve);
    player.addEventListener("error", () => reject(player.error));
  });
  const sign = kindOf(entry) === "audio" ? entry.row?.querySelector(".glyph")?.cloneNode() : null;
  stage.replaceChildren(...(sign ? [sign, player] : [player]));
  /** @type {(event: KeyboardEvent) => void} */
  const byKey = (event) => {
    if (event.key === " " && event.target === stage) {
      event.preventDefault();
      toggle(player);
    }
  };
  dialog.addEventListener("keydown", byKey, { signal });
  await loaded;
}
