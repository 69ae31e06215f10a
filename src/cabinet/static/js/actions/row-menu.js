/* The context menu of a row: by its button, right click, keyboard or long press.

   It acts on the selection if the row is selected, else on the row alone. On a narrow screen the stylesheet shows it
   as a bottom sheet.

   Rule: one menu per page; its items come from actions/table.js. */

import { around, byId, part, parts } from "../core/dom.js";
import { number } from "../core/format.js";
import { countText, text } from "../core/texts.js";
import { entryOf, focusable, keyOf } from "../list/rows.js";
import { icon } from "../ui/icons.js";
import { labelOf } from "../ui/key-names.js";
import { isOn } from "../ui/key-settings.js";
import { HAS_POPOVERS, OPEN_POPOVER } from "../ui/popovers.js";
import { countOf, isOne } from "./entries.js";
import { contextOf, perform } from "./perform.js";
import { actionsFor } from "./table.js";

/** @import { Entries, Selection } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */
/** @import { Where } from "./pointer.js" */
/** @import { Action } from "./table.js" */

// Minimum distance to the edges of the window, in pixels.
const MARGIN = 8;
// Presses are ignored for this long after a long press, whose finger may bounce on the menu.
const IGNORE_PRESS_MS = 400;
// A longer pause starts a new search.
const TYPEAHEAD_MS = 500;

const menu = document.createElement("div");
menu.id = "row-menu";
menu.className = "menu";
menu.popover = "manual";
menu.setAttribute("role", "menu");
if (HAS_POPOVERS) {
  // Inside the landmark that it belongs to; popovers are drawn above everything anyway.
  byId("main").append(menu);
}

/** @type {HTMLElement | null} */
let opener = null;
/** @type {HTMLElement | null} */
let shownFor = null;
// When a long press opened the menu, null for other ways.
/** @type {number | null} */
let heldAt = null;
// Whether the last press only closed the menu.
let isDismissal = false;
let typed = "";
let typedAt = 0;

/** @type {() => HTMLElement[]} */
const items = () => parts(menu, '[role="menuitem"]');

/** @type {(all: HTMLElement[]) => number} */
const focusedIn = (all) => all.indexOf(/** @type {any} */ (document.activeElement));

/** @type {(target: EventTarget | null) => boolean} */
const isInMenu = (target) => target instanceof Node && menu.contains(target);

/** @type {(entries: Entries) => string} */
function titleOf(entries) {
  return isOne(entries)
    ? entries[0].name
    : countText("chosen", countOf(entries), { count: number(countOf(entries)) });
}

/** @type {(action: Action, entries: Entries, context: Context) => HTMLElement} */
function itemOf(action, entries, context) {
  const item = document.createElement("button");
  item.type = "button";
  item.tabIndex = -1;
  item.className = action.isDanger ? "menu-item menu-danger" : "menu-item";
  item.setAttribute("role", "menuitem");
  const words = document.createElement("span");
  words.textContent = text(action.text);
  item.append(icon(action.icon), words);
  if (action.keys.length && isOn(action.keys[0])) {
    const keys = document.createElement("kbd");
    keys.setAttribute("aria-hidden", "true");
    keys.textContent = labelOf(action.keys[0]);
    item.append(keys);
  }
  item.addEventListener("click", () => {
    close();
    perform(action, entries, context);
  });
  return item;
}

/** @type {(entries: Entries, context: Context) => void} */
function fill(entries, context) {
  const title = document.createElement("p");
  title.className = "menu-title";
  title.setAttribute("role", "presentation");
  title.textContent = titleOf(entries);
  const actions = actionsFor(context.place, entries).filter((action) => !action.isHidden);
  const shown = actions.map((action) => itemOf(action, entries, context));
  menu.replaceChildren(title, ...shown);
  const [{ name }] = entries;
  menu.setAttribute("aria-label", isOne(entries) ? text("actions-for", { name }) : title.textContent);
}

/** Position the menu at a point, or below the element that opened it, within the window.
    @type {(point: { x: number, y: number } | null, anchor: HTMLElement) => void} */
function place(point, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const rect = anchor.getBoundingClientRect();
  const preferred = point ?? { x: rect.right - width, y: rect.bottom };
  const above = (point ? point.y : rect.top) - height;
  const isBelow = preferred.y + height <= innerHeight - MARGIN || above < MARGIN;
  const left = point && point.x + width > innerWidth - MARGIN ? point.x - width : preferred.x;
  /** @type {(value: number, size: number, room: number) => number} */
  const within = (value, size, room) => Math.max(MARGIN, Math.min(value, room - size - MARGIN));
  menu.style.setProperty("--menu-x", `${within(left, width, innerWidth)}px`);
  menu.style.setProperty("--menu-y", `${within(isBelow ? preferred.y : above, height, innerHeight)}px`);
}

/** Do what the menu button does without scripts: follow its link, or select the row so that the bar appears.
    @type {(row: HTMLElement, selection: Selection) => void} */
function followLink(row, selection) {
  const link = row.querySelector("a.row-menu");
  if (link instanceof HTMLAnchorElement) {
    location.assign(link.href);
  } else {
    selection.set([keyOf(row)]);
  }
}

/** Open the menu of `row`, at `point` or at `anchor`; `isHeld` says that a finger is still down.
    @type {(row: HTMLElement, selection: Selection, where?: Where) => void} */
export function openMenu(row, selection, { point = null, anchor = null, isHeld = false } = {}) {
  if (!HAS_POPOVERS) {
    followLink(row, selection);
    return;
  }
  close();
  const isSelected = selection.has(keyOf(row));
  const entries = isSelected ? selection.entries : [entryOf(row)];
  opener = anchor ?? focusable(row);
  shownFor = row;
  fill(entries, contextOf(selection, opener));
  row.classList.add("has-menu");
  menu.showPopover();
  heldAt = isHeld ? performance.now() : null;
  place(point, anchor ?? parts(row, ".row-menu")[0] ?? opener ?? row);
  items()[0]?.focus({ preventScroll: true });
}

/** @type {(how?: { isLeft?: boolean }) => void} */
function close({ isLeft = false } = {}) {
  if (!menu.matches(OPEN_POPOVER)) {
    return;
  }
  menu.hidePopover();
  shownFor?.classList.remove("has-menu");
  // A press elsewhere has moved the focus already.
  if (!isLeft) {
    opener?.focus({ preventScroll: true });
  }
}

/** @type {(character: string, at: number) => void} */
function focusTyped(character, at) {
  typed = at - typedAt > TYPEAHEAD_MS ? character : typed + character;
  typedAt = at;
  const all = items();
  const from = focusedIn(all) + (typed.length === 1 ? 1 : 0);
  const inTurn = [...all.slice(from), ...all.slice(0, from)];
  const wanted = typed.toLocaleLowerCase();
  inTurn.find((item) => part(item, "span").textContent?.toLocaleLowerCase().startsWith(wanted))?.focus();
}

/** @type {Record<string, (all: HTMLElement[], index: number) => HTMLElement | undefined>} */
const MOVES = {
  ArrowDown: (all, index) => all[(index + 1) % all.length],
  ArrowUp: (all, index) => all.at(index <= 0 ? -1 : index - 1),
  Home: (all) => all[0],
  End: (all) => all.at(-1),
};

menu.addEventListener("keydown", (event) => {
  const { key, timeStamp } = event;
  const isHeld = event.ctrlKey || event.metaKey || event.altKey;
  // A space presses the item, but inside a search it is a character.
  const isLetter = key.length === 1 && !isHeld && (key !== " " || timeStamp - typedAt < TYPEAHEAD_MS);
  if (key in MOVES) {
    const all = items();
    MOVES[key](all, focusedIn(all))?.focus();
  } else if (key === "Escape" || key === "Tab") {
    close();
  } else if (isLetter) {
    focusTyped(key, timeStamp);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("pointerdown", ({ target, pointerType }) => {
  const isOutside = !isInMenu(target);
  isDismissal = isOutside && pointerType === "touch" && menu.matches(":popover-open");
  if (isOutside) {
    close({ isLeft: true });
  }
});

/** Return whether to ignore a click: the end of the long press or the second half of the double click that opened the
    menu, or the tap outside that closed it. Keyboard clicks have `detail` 0.
    @type {(event: MouseEvent) => boolean} */
function isIgnored({ target, detail }) {
  if (!isInMenu(target)) {
    return isDismissal && detail > 0;
  }
  return heldAt === null ? detail > 1 : detail > 0 && performance.now() - heldAt < IGNORE_PRESS_MS;
}

document.addEventListener(
  "click",
  (event) => {
    if (isIgnored(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  { capture: true },
);
menu.addEventListener("pointermove", (event) => around(event, '[role="menuitem"]')?.focus());
menu.addEventListener("contextmenu", (event) => event.preventDefault());
window.addEventListener("blur", () => close());
window.addEventListener("resize", () => close());
document.addEventListener("scroll", ({ target }) => target === document && close());
