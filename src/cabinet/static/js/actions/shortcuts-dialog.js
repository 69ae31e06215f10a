/* The dialog that lists the keyboard shortcuts, from the tables that bind them. */

import { around, byId, parts } from "../core/dom.js";
import { text } from "../core/texts.js";
import { partsOf } from "../ui/key-names.js";
import { bindSwitches, isKindOn, kindOf, showSwitches } from "../ui/key-settings.js";
import { PREVIEW_SHORTCUTS } from "./preview-keys.js";
import { ACTIONS } from "./table.js";

/** @import { Command } from "./commands.js" */

/** The columns of any table that the dialog shows.
    @typedef {Pick<Command, "text" | "keys" | "isTyped" | "shownKeys" | "places">} Shortcut */

const dialog = byId("keys", HTMLDialogElement);

/** Return the row for one shortcut.
    @type {(line: Shortcut) => HTMLElement} */
function shortcutRow({ text: key, keys, isTyped, shownKeys = keys }) {
  const line = document.createElement("div");
  const words = document.createElement("dt");
  words.textContent = text(key);
  const shown = document.createElement("dd");
  for (const each of shownKeys) {
    const combination = document.createElement("span");
    combination.className = "keys-combination";
    for (const part of partsOf(each)) {
      const cap = document.createElement("kbd");
      cap.textContent = part;
      combination.append(cap);
    }
    shown.append(combination);
  }
  line.append(words, shown);
  line.dataset.kind = isTyped ? "typing" : (kindOf(keys[0]) ?? "");
  return line;
}

/** Fill the groups with the shortcuts of this place.
    @type {(place: string, commands: Command[]) => void} */
function fill(place, commands) {
  /** @type {(line: Shortcut) => boolean} */
  const isHere = ({ keys, isTyped, places }) => (isTyped || keys.length > 0) && places.includes(place);
  /** @type {Record<string, Shortcut[]>} */
  const groups = {
    list: commands.filter(({ group }) => group === "list"),
    chosen: ACTIONS,
    page: commands.filter(({ group }) => group === "page"),
    looking: PREVIEW_SHORTCUTS,
  };
  for (const [group, table] of Object.entries(groups)) {
    const lines = table.filter(isHere).map(shortcutRow);
    const shown = byId(`keys-${group}`);
    shown.replaceChildren(...lines);
    const section = around({ target: shown }, "section");
    section?.toggleAttribute("hidden", lines.length === 0);
  }
}

/** Strike out the shortcuts that are off; type-ahead is off while letters are shortcuts. */
function markDisabled() {
  /** @type {Record<string, boolean>} */
  const isOff = { letters: !isKindOn("letters"), signs: !isKindOn("signs"), typing: isKindOn("letters") };
  for (const line of parts(dialog, "[data-kind]")) {
    line.classList.toggle("is-off", Boolean(isOff[line.dataset.kind ?? ""]));
  }
}

/** Show the shortcuts of this page, including those of `commands`.
    @type {(commands: Command[]) => void} */
export function showKeys(commands) {
  fill(byId("main").dataset.place ?? "", commands);
  showSwitches(dialog);
  markDisabled();
  dialog.showModal();
}

bindSwitches(dialog, markDisabled);
