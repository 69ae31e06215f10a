/* Keyboard shortcuts of the preview, used by the preview and by the shortcuts dialog; in the format of
   actions/table.js and actions/commands.js. */

import { combinationOf } from "../ui/key-combination.js";
import { isOn } from "../ui/key-settings.js";

const FILES = ["folder", "search"];

/** @type {{ id: string, text: string, keys: string[], shownKeys?: string[], places: string[] }[]} */
export const PREVIEW_SHORTCUTS = [
  { id: "turn", text: "cmd-turn", keys: ["ArrowLeft", "ArrowRight"], places: FILES },
  { id: "larger", text: "cmd-larger", keys: ["+", "="], shownKeys: ["+"], places: FILES },
  { id: "smaller", text: "cmd-smaller", keys: ["-"], places: FILES },
  { id: "fit", text: "cmd-fit", keys: ["0"], places: FILES },
];

/** Return the `id` of the pressed shortcut; null if there is none, or it is switched off.
    @type {(event: KeyboardEvent) => string | null} */
export function shortcutFor(event) {
  const key = combinationOf(event);
  const found = PREVIEW_SHORTCUTS.find(({ keys }) => keys.includes(key));
  return found && isOn(key) ? found.id : null;
}
