/* The sheet that says what the keys do, from the tables that bind them. */

import { text } from "../core/texts.js";
import { partsOf } from "../ui/key-names.js";
import { areOn, bindSwitches, kindOf, showSwitches } from "../ui/key-settings.js";
import { LOOKING } from "./preview-keys.js";
import { ACTIONS } from "./table.js";

const dialog = document.getElementById("keys");

/** Return the row of the sheet for one line of the tables. */
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

/** Fill the groups with what has keys in this place. */
function fill(place, commands) {
  const isHere = ({ keys, isTyped, places }) => (isTyped || keys.length > 0) && places.includes(place);
  const groups = {
    list: commands.filter(({ group }) => group === "list"),
    chosen: ACTIONS,
    page: commands.filter(({ group }) => group === "page"),
    looking: LOOKING,
  };
  for (const [group, table] of Object.entries(groups)) {
    const lines = table.filter(isHere).map(lineOf);
    const shown = document.getElementById(`keys-${group}`);
    shown.replaceChildren(...lines);
    shown.closest("section").hidden = lines.length === 0;
  }
}

/** Strike out what does nothing as it is set now; typing a name gives way to letters. */
function showWhatIsOn() {
  const isOff = { letters: !areOn("letters"), signs: !areOn("signs"), typing: areOn("letters") };
  for (const line of dialog.querySelectorAll("[data-kind]")) {
    line.classList.toggle("is-off", Boolean(isOff[line.dataset.kind]));
  }
}

/** Show the keys of this page, those of `commands` among them. */
export function showKeys(commands) {
  fill(document.getElementById("main").dataset.place, commands);
  showSwitches(dialog);
  showWhatIsOn();
  dialog.showModal();
}

bindSwitches(dialog, showWhatIsOn);
