/* A film or a sound, in the browser's own player. It fetches by ranges, so that one can jump. */

import { shownUrl } from "../core/http.js";
import { kindOf } from "./kinds.js";

function make(entry) {
  const player = document.createElement(kindOf(entry));
  player.className = "preview-player";
  player.controls = true;
  player.preload = "metadata";
  player.playsInline = true;
  player.setAttribute("aria-label", entry.name);
  player.src = shownUrl(entry.path);
  return player;
}

function stop(player) {
  player.pause();
  player.removeAttribute("src");
  // Only this ends what is still being fetched.
  player.load();
}

function toggle(player) {
  if (player.paused) {
    player.play().catch(() => {});
  } else {
    player.pause();
  }
}

/** Show a film or a sound; the space bar plays it wherever the focus is. */
export async function show(entry, { stage, dialog, signal }) {
  const player = make(entry);
  signal.addEventListener("abort", () => stop(player));
  const loaded = new Promise((resolve, reject) => {
    player.addEventListener("loadedmetadata", resolve);
    player.addEventListener("error", () => reject(player.error));
  });
  const sign = kindOf(entry) === "audio" && entry.row?.querySelector(".glyph")?.cloneNode();
  stage.replaceChildren(...[sign, player].filter(Boolean));
  const byKey = (event) => {
    if (event.key === " " && event.target === stage) {
      event.preventDefault();
      toggle(player);
    }
  };
  dialog.addEventListener("keydown", byKey, { signal });
  await loaded;
}
