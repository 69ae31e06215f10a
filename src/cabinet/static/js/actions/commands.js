/* Keyboard commands other than the actions on entries (actions/table.js): navigation, selection, and commands of the
   page as a whole.

   A command has an `id`, the key of its `text`, its `keys`, the rights that it `needs` (core/rights.js), the `places`
   where it exists, its `group` in the shortcuts dialog (with `shownKeys` where `keys` are too many), and `run(context, key)`, which returns false if
   there was nothing to do. `isInList` commands need the focus in the list, or nowhere.

   Rule: a table of short functions; anything long is imported on first use. */

import { around, byId, parts } from "../core/dom.js";
import { may } from "../core/rights.js";
import { focusOn, outermostRow, rowBeyond, rowInFocus, rowPageFrom } from "../list/focus.js";
import { keyOf } from "../list/rows.js";
import { toggleView } from "../list/view.js";
import { contextOf, isReadOnly, perform } from "./perform.js";

/** @import { Selection } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */

/** One line of the table.
    @typedef {object} Command
    @property {string} id
    @property {string} text
    @property {string} group
    @property {string[]} keys
    @property {string[]} [shownKeys]
    @property {string[]} [needs]
    @property {string[]} places
    @property {boolean} [isTyped]
    @property {boolean} [isInList]
    @property {(context: Context, key: string) => unknown} run */

const LISTS = ["folder", "search", "trash"];

const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
const MOVES = [...ARROWS, "Home", "End", "PageUp", "PageDown"];

/** @type {(element: HTMLElement | null) => boolean} */
function press(element) {
  element?.click();
  return Boolean(element);
}

/** @type {(row: HTMLElement, key: string) => HTMLElement | null} */
const rowFrom = (row, key) => (key.startsWith("Page") ? rowPageFrom(row, key) : rowBeyond(row, key));

/** Move the focus, into the list if it is elsewhere. Returns the rows before and after.
    @type {(key: string) => { from: HTMLElement | null, to: HTMLElement | null }} */
function step(key) {
  const from = rowInFocus();
  const isOutermost = !from || key === "Home" || key === "End";
  const to = isOutermost ? outermostRow(key === "End" ? "End" : "Home") : rowFrom(from, key);
  if (to) {
    focusOn(to);
  }
  return { from, to };
}

/** @type {(context: Context, key: string) => boolean} */
function moveFocus({ selection }, key) {
  const { to } = step(key);
  selection.startAt(null);
  return Boolean(to);
}

/** @type {(context: Context, key: string) => boolean} */
function extend({ selection }, key) {
  const { from, to } = step(key.replace("Shift+", ""));
  if (to) {
    selection.extendTo(keyOf(to), from && keyOf(from));
  }
  return Boolean(to);
}

/** @type {(context: Context) => boolean} */
function toggle({ selection }) {
  const row = rowInFocus();
  if (row) {
    selection.toggle(keyOf(row));
  }
  return Boolean(row);
}

/** @type {(context: Context) => boolean} */
function clear({ selection }) {
  const isNeeded = selection.size > 0;
  selection.clear();
  return isNeeded;
}

/** @type {(context: Context) => Promise<void>} */
async function openMenu({ selection }) {
  const row = rowInFocus();
  if (row) {
    (await import("./row-menu.js")).openMenu(row, selection);
  }
}

/** @type {Command[]} */
const ALL = [
  {
    id: "walk",
    text: "cmd-walk",
    group: "list",
    keys: ARROWS,
    places: LISTS,
    isInList: true,
    run: moveFocus,
  },
  {
    id: "ends",
    text: "cmd-ends",
    group: "list",
    keys: ["Home", "End"],
    places: LISTS,
    isInList: true,
    run: moveFocus,
  },
  {
    id: "pages",
    text: "cmd-pages",
    group: "list",
    keys: ["PageUp", "PageDown"],
    places: LISTS,
    isInList: true,
    run: moveFocus,
  },
  {
    // Matches every character (list/type-ahead.js).
    id: "typing",
    text: "cmd-typing",
    group: "list",
    keys: [],
    shownKeys: ["Typing"],
    places: LISTS,
    isTyped: true,
    isInList: true,
    run: () => false,
  },
  {
    id: "toggle",
    text: "cmd-toggle",
    group: "list",
    keys: ["Space"],
    places: LISTS,
    isInList: true,
    run: toggle,
  },
  {
    id: "extend",
    text: "cmd-extend",
    group: "list",
    keys: MOVES.map((key) => `Shift+${key}`),
    shownKeys: ["Shift+ArrowUp", "Shift+ArrowDown"],
    places: LISTS,
    isInList: true,
    run: extend,
  },
  {
    id: "choose-all",
    text: "cmd-all",
    group: "list",
    keys: ["Mod+a"],
    places: LISTS,
    run: ({ selection }) => selection.selectAll(),
  },
  {
    id: "choose-none",
    text: "cmd-none",
    group: "list",
    keys: ["Escape"],
    places: LISTS,
    run: clear,
  },
  {
    id: "menu",
    text: "cmd-menu",
    group: "list",
    keys: ["Shift+F10", "ContextMenu"],
    places: LISTS,
    isInList: true,
    run: openMenu,
  },
  {
    id: "search",
    text: "cmd-search",
    group: "page",
    keys: ["/"],
    places: LISTS,
    run: () => parts(document, '[role="search"] input[type="search"]')[0]?.focus(),
  },
  {
    id: "new-folder",
    text: "cmd-new-folder",
    group: "page",
    keys: ["n"],
    needs: ["write"],
    places: LISTS,
    run: async ({ folder }) => isReadOnly() || (await import("./new-folder.js")).makeFolder(folder),
  },
  {
    id: "upload",
    text: "cmd-upload",
    group: "page",
    keys: ["u"],
    needs: ["write"],
    places: LISTS,
    run: () => !isReadOnly() && press(document.getElementById("files-input")),
  },
  {
    id: "view",
    text: "cmd-view",
    group: "page",
    keys: ["v"],
    places: LISTS,
    run: toggleView,
  },
  {
    id: "undo",
    text: "cmd-undo",
    group: "page",
    keys: ["Mod+z"],
    needs: ["write"],
    places: LISTS,
    run: async () => (await import("./undo.js")).undoLast(),
  },
  {
    id: "keys",
    text: "cmd-keys",
    group: "page",
    keys: ["?"],
    places: LISTS,
    run: async () => (await import("./shortcuts-dialog.js")).showKeys(COMMANDS),
  },
];

/** The commands that this page may have.
    @type {Command[]} */
export const COMMANDS = ALL.filter(({ needs = [] }) => needs.every(may));

// Commands that pages without a list start by the fragment of the address. A file dialog may only open on a user
// gesture, so "#upload" focuses its button.
/** @type {Record<string, () => unknown>} */
const FRAGMENT_COMMANDS = {
  "#upload": () => byId("files-input").focus(),
  "#upload-folder": () => byId("folder-input").focus(),
  "#new-folder": async () => (await import("./new-folder.js")).makeFolder(byId("main").dataset.folder ?? ""),
};

/** Run the command of the fragment, and remove the fragment. */
function runFragmentCommand() {
  const command = FRAGMENT_COMMANDS[location.hash];
  if (command) {
    history.replaceState(history.state, "", location.pathname + location.search);
    command();
  }
}

/** Run commands from the buttons that name them.
    @type {(selection: Selection) => void} */
export function bindCommands(selection) {
  runFragmentCommand();
  document.addEventListener("click", (event) => {
    const button = around(event, "[data-command]");
    const command = COMMANDS.find(({ id }) => id === button?.dataset.command);
    if (command) {
      perform(command, contextOf(selection, button), "");
    }
  });
}
