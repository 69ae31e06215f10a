/* Key handling on files pages: runs the action or command of a key. While letters are not shortcuts, they search by
   name (type-ahead).

   Rule: keys in text fields, dialogs and menus, and the browser's own shortcuts are left alone. */

import { around, byId } from "../core/dom.js";
import { rowInFocus } from "../list/focus.js";
import { entryOf } from "../list/rows.js";
import { isTyping, typeAhead } from "../list/type-ahead.js";
import { combinationOf } from "../ui/key-combination.js";
import { isKindOn, isOn } from "../ui/key-settings.js";
import { OPEN_POPOVER } from "../ui/popovers.js";
import { COMMANDS } from "./commands.js";
import { contextOf, perform } from "./perform.js";
import { ACTIONS } from "./table.js";

/** @import { Entries, Selection } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */
/** @import { Action } from "./table.js" */

const TYPING =
  'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"], [type="file"]), textarea, select, [contenteditable]';
const INTERACTIVE = "a[href], button, summary, input, label, video, audio, [role=menuitem]";

// Dialogs are direct children of these; searching a long list at every key press would be slow.
/** @type {() => Element[]} */
const outermost = () => [...document.body.children, ...byId("main").children];

// A field keeps the focus for a moment after its dialog has closed.
/** @type {(event: KeyboardEvent) => boolean} */
const isFree = (event) =>
  !around(event, `${TYPING}, dialog, ${OPEN_POPOVER}`)?.checkVisibility() &&
  !outermost().some((each) => each.localName === "dialog" && each.matches(":modal"));

/** Return whether the list handles a key: the focus is on a name or a checkbox, or nowhere.
    @type {(event: KeyboardEvent, key: string) => boolean} */
function isForList({ target }, key) {
  const isNowhere = target === document.body || target === byId("main");
  const isNative =
    ["Space", "Enter"].includes(key) &&
    target instanceof Element &&
    target.matches("input, button, .row-menu");
  return isNowhere || (Boolean(rowInFocus()) && !isNative);
}

/** Return the entries that a key acts on: the selection, else the focused row. An action on a single entry falls back
    to the focused row too; an action on any number never acts on a row outside of the selection.
    @type {(action: Action, selection: Selection) => Entries | null} */
function entriesFor(action, selection) {
  const row = rowInFocus();
  /** @type {Entries} */
  const focused = row ? [entryOf(row)] : [];
  const selected = selection.size ? selection.entries : focused;
  const candidates = action.isInBar || action.isDanger ? [selected] : [selected, focused];
  return candidates.find((entries) => action.isFor(entries)) ?? null;
}

/** @type {(key: string, event: KeyboardEvent, context: Context) => boolean} */
function runAction(key, event, context) {
  // Holding a key down runs the action once.
  if (event.repeat) {
    return false;
  }
  // Enter on a link or a button keeps its default action.
  if (key === "Enter" && around(event, INTERACTIVE)) {
    return false;
  }
  const here = ACTIONS.filter(({ keys, places }) => keys.includes(key) && places.includes(context.place));
  for (const action of here) {
    const entries = entriesFor(action, context.selection);
    if (entries) {
      perform(action, entries, context);
      return true;
    }
  }
  return false;
}

/** @type {(key: string, event: KeyboardEvent, context: Context) => boolean} */
function runCommand(key, event, context) {
  const command = COMMANDS.find(({ keys, places }) => keys.includes(key) && places.includes(context.place));
  if (!command || (command.isInList && !isForList(event, key))) {
    return false;
  }
  return perform(command, context, key) !== false;
}

/** Return the character that a key types, null if it types none or is a shortcut.
    @type {(event: KeyboardEvent) => string | null} */
function typedBy({ key, ctrlKey, metaKey, altKey, timeStamp }) {
  // AltGr types characters, and reports Ctrl and Alt as held.
  const isHeld = metaKey || ctrlKey !== altKey;
  const isCharacter = [...key].length === 1 && !isHeld;
  // A space toggles the selection, but inside a search it is a character.
  return isCharacter && (key !== " " || isTyping(timeStamp)) ? key : null;
}

/** Handle type-ahead; returns whether the key was part of it.
    @type {(event: KeyboardEvent, context: Context) => boolean} */
function runTyping(event, context) {
  const character = isKindOn("letters") ? null : typedBy(event);
  if (character === null || !isForList(event, "")) {
    return false;
  }
  typeAhead(character, event.timeStamp, context.selection);
  return true;
}

/** @type {(key: string, event: KeyboardEvent, context: Context) => boolean} */
function run(key, event, context) {
  const isSign = key.length === 1;
  if (isSign && isTyping(event.timeStamp) && runTyping(event, context)) {
    return true;
  }
  if (key === "Space" && runTyping(event, context)) {
    return true;
  }
  return (
    (isOn(key) && (runCommand(key, event, context) || runAction(key, event, context))) ||
    runTyping(event, context)
  );
}

/** Bind the keys of the tables.
    @type {(selection: Selection) => void} */
export function bindKeys(selection) {
  document.addEventListener("keydown", (event) => {
    const key = combinationOf(event);
    if (event.defaultPrevented || event.isComposing || !isFree(event)) {
      return;
    }
    const button = around(event, "a.row-menu");
    if (key === "Space" && !isTyping(event.timeStamp) && button && button === event.target) {
      // A link with the role of a button is pressed by a space too.
      event.preventDefault();
      button.click();
      return;
    }
    const opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    if (run(key, event, contextOf(selection, opener))) {
      event.preventDefault();
    }
  });
}
