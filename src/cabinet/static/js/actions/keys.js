/* The keys of a page of files: which action or command a key stands for. While letters are no keys, typing
   goes to a name.

   Rule: nothing is taken from whoever types, from a dialog or a menu, or from the browser's own keys. */

import { around, byId } from "../core/dom.js";
import { rowInFocus } from "../list/focus.js";
import { entryOf } from "../list/list.js";
import { isTypedOn, typeAhead } from "../list/type-ahead.js";
import { areOn, isOn } from "../ui/key-settings.js";
import { OPEN_POPOVER } from "../ui/popovers.js";
import { pressed } from "../ui/pressed.js";
import { COMMANDS } from "./commands.js";
import { contextOf, perform } from "./perform.js";
import { ACTIONS } from "./table.js";

/** @import { Entries, Selection } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */
/** @import { Action } from "./table.js" */

const TYPING =
  'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"], [type="file"]), textarea, select, [contenteditable]';
const HAS_KEYS_OF_ITS_OWN = "a[href], button, summary, input, label, video, audio, [role=menuitem]";

// Dialogs lie at the outside: to look for them in a long list at every key would be felt.
/** @type {() => Element[]} */
const outermost = () => [...document.body.children, ...byId("main").children];

// A field keeps the focus for a moment after its dialog has closed.
/** @type {(event: KeyboardEvent) => boolean} */
const isFree = (event) =>
  !around(event, `${TYPING}, dialog, ${OPEN_POPOVER}`)?.checkVisibility() &&
  !outermost().some((each) => each.localName === "dialog" && each.matches(":modal"));

/** Tell whether a key of the list is meant for it: the focus is on a name or a box, or nowhere.
    @type {(event: KeyboardEvent, key: string) => boolean} */
function isForList({ target }, key) {
  const isNowhere = target === document.body || target === byId("main");
  const isNative =
    ["Space", "Enter"].includes(key) &&
    target instanceof Element &&
    target.matches("input, button, .row-menu");
  return isNowhere || (Boolean(rowInFocus()) && !isNative);
}

/** Return the entries that a key acts on: the chosen ones, else the one with the focus; likewise where
    the action is for one alone. What is for any number is never done to another one than is chosen.
    @type {(action: Action, selection: Selection) => Entries | null} */
function entriesFor(action, selection) {
  const row = rowInFocus();
  /** @type {Entries} */
  const focused = row ? [entryOf(row)] : [];
  const chosen = selection.size ? selection.entries : focused;
  const meant = action.isInBar || action.isDanger ? [chosen] : [chosen, focused];
  return meant.find((entries) => action.isFor(entries)) ?? null;
}

/** @type {(key: string, event: KeyboardEvent, context: Context) => boolean} */
function runAction(key, event, context) {
  // A key that is held does it once.
  if (event.repeat) {
    return false;
  }
  // Enter on a link or a button is what it always is.
  if (key === "Enter" && around(event, HAS_KEYS_OF_ITS_OWN)) {
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

/** Return the character that a key writes, null for one that writes none, or does something.
    @type {(event: KeyboardEvent) => string | null} */
function typedBy({ key, ctrlKey, metaKey, altKey, timeStamp }) {
  // AltGr writes, and says that Ctrl and Alt are held.
  const isHeld = metaKey || ctrlKey !== altKey;
  const isCharacter = [...key].length === 1 && !isHeld;
  // A space chooses a row, but within a name it is one of its letters.
  return isCharacter && (key !== " " || isTypedOn(timeStamp)) ? key : null;
}

/** Go to the name that is being typed; tells whether one is.
    @type {(event: KeyboardEvent, context: Context) => boolean} */
function runTyping(event, context) {
  const character = areOn("letters") ? null : typedBy(event);
  if (character === null || !isForList(event, "")) {
    return false;
  }
  typeAhead(character, event.timeStamp, context.selection);
  return true;
}

/** @type {(key: string, event: KeyboardEvent, context: Context) => boolean} */
function run(key, event, context) {
  const isSign = key.length === 1;
  if (isSign && isTypedOn(event.timeStamp) && runTyping(event, context)) {
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

/** Let keys do what the tables say.
    @type {(selection: Selection) => void} */
export function bindKeys(selection) {
  document.addEventListener("keydown", (event) => {
    const key = pressed(event);
    if (event.defaultPrevented || event.isComposing || !isFree(event)) {
      return;
    }
    const button = around(event, "a.row-menu");
    if (key === "Space" && !isTypedOn(event.timeStamp) && button && button === event.target) {
      // A link that scripts make a button of is pressed like one.
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
