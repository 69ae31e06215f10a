/* The keys while one looks at a file: the table that the preview obeys and the sheet shows, written as
   those in actions/table.js and actions/commands.js are. */

import { isOn } from "../ui/key-settings.js";
import { pressed } from "../ui/pressed.js";

const FILES = ["folder", "search"];

/** @type {{ id: string, text: string, keys: string[], shownKeys?: string[], places: string[] }[]} */
export const LOOKING = [
  { id: "turn", text: "cmd-turn", keys: ["ArrowLeft", "ArrowRight"], places: FILES },
  { id: "larger", text: "cmd-larger", keys: ["+", "="], shownKeys: ["+"], places: FILES },
  { id: "smaller", text: "cmd-smaller", keys: ["-"], places: FILES },
  { id: "fit", text: "cmd-fit", keys: ["0"], places: FILES },
];

/** Return the `id` of what was pressed; null for what is not in the table, or a sign while those are off.
    @type {(event: KeyboardEvent) => string | null} */
export function meantBy(event) {
  const key = pressed(event);
  const found = LOOKING.find(({ keys }) => keys.includes(key));
  return found && isOn(key) ? found.id : null;
}
