/* The sheet that says what the keys do, from the tables that bind them. */

import { around, byId, parts } from "../core/dom.js";
import { text } from "../core/texts.js";
import { partsOf } from "../ui/key-names.js";
import { areOn, bindSwitches, kindOf, showSwitches } from "../ui/key-settings.js";
import { LOOKING } from "./preview-keys.js";
import { ACTIONS } from "./table.js";

/** @import { Command } from "./commands.js" */

/** What the sheet shows of a line of any table.
    @typedef {Pick<Command, "text" | "keys" | "isTyped" | "shownKeys" | "places">} Line */

const dialog = byId("keys", HTMLDialogElement);

/** Return the row of the sheet for one line of the tables.
    @type {(line: Line) => HTMLElement} */
function lineOf({ text: key, keys, isTyped, shownKeys = keys }) {
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

/** Fill the groups with what has keys in this place.
    @type {(place: string, commands: Command[]) => void} */
function fill(place, commands) {
  /** @type {(line: Line) => boolean} */
  const isHere = ({ keys, isTyped, places }) => (isTyped || keys.length > 0) && places.includes(place);
  /** @type {Record<string, Line[]>} */
  const groups = {
    list: commands.filter(({ group }) => group === "list"),
    chosen: ACTIONS,
    page: commands.filter(({ group }) => group === "page"),
    looking: LOOKING,
  };
  for (const [group, table] of Object.entries(groups)) {
    const lines = table.filter(isHere).map(lineOf);
    const shown = byId(`keys-${group}`);
    shown.replaceChildren(...lines);
    const section = around({ target: shown }, "section");
    section?.toggleAttribute("hidden", lines.length === 0);
  }
}

/** Strike out what does nothing as it is set now; typing a name gives way to letters. */
function showWhatIsOn() {
  /** @type {Record<string, boolean>} */
  const isOff = { letters: !areOn("letters"), signs: !areOn("signs"), typing: areOn("letters") };
  for (const line of parts(dialog, "[data-kind]")) {
    line.classList.toggle("is-off", Boolean(isOff[line.dataset.kind ?? ""]));
  }
}

/** Show the keys of this page, those of `commands` among them.
    @type {(commands: Command[]) => void} */
export function showKeys(commands) {
  fill(byId("main").dataset.place ?? "", commands);
  showSwitches(dialog);
  showWhatIsOn();
  dialog.showModal();
}

bindSwitches(dialog, showWhatIsOn);
