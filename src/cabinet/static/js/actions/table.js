/* What can be done with entries: THE table. The menu of a row, the bar over the chosen ones, the keys
   and the sheet that explains them are all drawn from it.

   An action has an `id`, the key of its `text`, an `icon`, its `keys` (a single letter is one that can
   be turned off), the `places` where it exists, `isFor(entries)`, and `run(entries, context)`. What
   `isInBar` is for any number of entries, what `isHidden` is in no menu, what `isDanger` is red;
   what `takesAway` leaves the list without them. `entries` that have `everything` are only those of it
   that are loaded (actions/everything.js).

   Rule: nothing is done here, and nothing loaded before it is asked for. The rooms above this one are
   reached by the imports of this module alone, and by no other way. */

import { part } from "../core/dom.js";
import { countOf, isOne } from "./entries.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Entries } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */

/** One line of the table.
    @typedef {object} Action
    @property {string} id
    @property {string} text
    @property {string} icon
    @property {string[]} keys
    @property {string[]} places
    @property {boolean} [isInBar]
    @property {boolean} [isHidden]
    @property {boolean} [isDanger]
    @property {boolean} [takesAway]
    @property {(entries: Entries) => boolean} isFor
    @property {(entries: Entries, context: Context) => unknown} run */

const FILES = ["folder", "search"];
const TRASH = ["trash"];

/** @type {(entries: Entries) => boolean} */
const any = (entries) => countOf(entries) > 0;
/** @type {(entries: Entries) => boolean} */
const loaded = (entries) => any(entries) && !entries.everything;
/** @type {(entries: Entries) => boolean} */
const oneFile = (entries) => isOne(entries) && entries[0].kind === "file";
/** @type {(entries: Entries) => boolean} */
const oneFolder = (entries) => isOne(entries) && entries[0].kind === "folder";

/** @type {(row: HTMLElement | undefined, selector: string) => void} */
const pressIn = (row, selector) => {
  if (row) {
    part(row, selector).click();
  }
};
// What is behind a folder that somebody shared, and that folder itself.
/** @type {(entry: Entry) => boolean} */
const isMount = (entry) => entry.isMount;
/** @type {(entry: Entry) => boolean} */
const isFixed = (entry) => entry.role === "viewer" && !entry.isMount;
/** @type {(entries: Entries) => boolean} */
const mayChange = (entries) => any(entries) && !entries.some(isFixed);
/** @type {(entries: Entries) => boolean} */
const onlyMounts = (entries) => loaded(entries) && entries.every(isMount);

const loadDetails = () => import("../details/details.js");

/** Resolves to what shows a file, given its entry, over the whole window.
    @type {() => Promise<(entry: Entry) => Promise<void>>} */
export async function loadPreview() {
  const { preview } = await import("../preview/preview.js");
  return (entry) => preview(entry, loadDetails);
}

/** @type {Action[]} */
export const ACTIONS = [
  {
    id: "open",
    text: "act-open",
    icon: "folder-open",
    keys: ["Enter"],
    places: FILES,
    isFor: oneFolder,
    run: ([{ row }]) => pressIn(row, ".name"),
  },
  {
    id: "preview",
    text: "act-preview",
    icon: "eye",
    keys: ["Enter"],
    places: FILES,
    isFor: oneFile,
    run: async ([entry]) => (await loadPreview())(entry),
  },
  {
    id: "reveal",
    text: "act-reveal",
    icon: "folder-open",
    keys: [],
    places: ["search"],
    isFor: isOne,
    run: ([{ row }]) => pressIn(row, ".where a"),
  },
  {
    id: "download",
    text: "act-download",
    icon: "download",
    keys: ["s"],
    places: FILES,
    isInBar: true,
    isFor: any,
    run: async (entries, context) => (await import("./downloading.js")).download(entries, context),
  },
  {
    id: "rename",
    text: "act-rename",
    icon: "pencil",
    keys: ["F2"],
    places: FILES,
    isFor: (entries) => isOne(entries) && mayChange(entries),
    run: async ([entry], context) => (await import("./renaming.js")).rename(entry, context),
  },
  {
    id: "move",
    text: "act-move",
    icon: "folder-input",
    keys: ["m"],
    places: FILES,
    isInBar: true,
    isFor: (entries) => mayChange(entries) && !entries.some(isMount),
    run: async (entries, context) => (await import("./relocating.js")).moveTo(entries, context),
  },
  {
    id: "copy",
    text: "act-copy",
    icon: "copy",
    keys: ["y"],
    places: FILES,
    isInBar: true,
    isFor: any,
    run: async (entries, context) => (await import("./relocating.js")).copyTo(entries, context),
  },
  {
    id: "link",
    text: "act-link",
    icon: "link",
    keys: ["c"],
    places: FILES,
    isFor: loaded,
    run: async (entries) => (await import("./links.js")).copyLink(entries),
  },
  {
    id: "details",
    text: "act-details",
    icon: "info",
    keys: ["d"],
    places: FILES,
    isFor: any,
    run: async (entries, context) => (await loadDetails()).toggleDetails(entries, context),
  },
  {
    id: "trash",
    text: "act-trash",
    icon: "trash-2",
    keys: ["Delete"],
    places: FILES,
    isInBar: true,
    takesAway: true,
    isDanger: true,
    isFor: (entries) => mayChange(entries) && !onlyMounts(entries),
    run: async (entries) => (await import("./deleting.js")).trash(entries),
  },
  {
    id: "leave",
    text: "act-leave",
    icon: "log-out",
    keys: ["Delete"],
    places: FILES,
    isInBar: true,
    takesAway: true,
    isFor: onlyMounts,
    run: async (entries) => (await import("./deleting.js")).trash(entries),
  },
  {
    id: "restore",
    text: "act-restore",
    icon: "undo-2",
    keys: ["r"],
    places: TRASH,
    isInBar: true,
    takesAway: true,
    isFor: any,
    run: async (entries) => (await import("./deleting.js")).restore(entries),
  },
  {
    id: "purge",
    text: "act-purge",
    icon: "trash-2",
    keys: ["Shift+Delete"],
    places: FILES,
    isHidden: true,
    isDanger: true,
    // What somebody shared is theirs to remove for good.
    isFor: (entries) => any(entries) && !entries.some(({ role }) => role),
    run: async (entries) => (await import("./deleting.js")).purge(entries),
  },
  {
    id: "purge-trashed",
    text: "act-purge",
    icon: "trash-2",
    keys: ["Delete", "Shift+Delete"],
    places: TRASH,
    isInBar: true,
    takesAway: true,
    isDanger: true,
    isFor: any,
    run: async (entries) => (await import("./deleting.js")).purge(entries),
  },
];

/** Return the actions of a place that fit `entries`.
    @type {(place: string, entries: Entries) => Action[]} */
export const actionsFor = (place, entries) =>
  ACTIONS.filter((action) => action.places.includes(place) && action.isFor(entries));
