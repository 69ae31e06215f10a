/* A film or a sound, in the browser's own player. It fetches by ranges, so that one can jump. */

import { shownUrl } from "../core/http.js";
import { kindOf } from "./kinds.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Place } from "./preview.js" */

/** @type {(entry: Entry) => HTMLMediaElement} */
function make(entry) {
  const player = document.createElement(kindOf(entry) === "audio" ? "audio" : "video");
  player.className = "preview-player";
  player.controls = true;
  player.preload = "metadata";
  player.setAttribute("playsinline", "");
  player.setAttribute("aria-label", entry.name);
  player.src = shownUrl(entry.path);
  return player;
}

/** @type {(player: HTMLMediaElement) => void} */
function stop(player) {
  player.pause();
  player.removeAttribute("src");
  // Only this ends what is still being fetched.
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

/** Show a film or a sound; the space bar plays it wherever the focus is.
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
