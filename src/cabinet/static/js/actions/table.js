/* The table of actions on entries: the context menu, the selection bar, the shortcuts and the shortcuts dialog are
   all built from it.

   An action has an `id`, the key of its `text`, an `icon`, its `keys` (single letters can be switched off), the rights
   that it `needs` (core/rights.js), the `places` where it exists, `isFor(entries)`, and `run(entries, context)`. `isInBar` actions take any number of
   entries, `isHidden` ones are in no menu, `isDanger` ones are red; `takesAway` ones remove the entries from the
   list. `entries` with `everything` contain only those that are loaded (actions/everything.js).

   Rule: implements nothing, and imports the implementations on first use. Only this module may import from later
   folders. */

import { part } from "../core/dom.js";
import { may } from "../core/rights.js";
import { countOf, isOne } from "./entries.js";
import { mayPurge } from "./perform.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Entries } from "../list/selection.js" */
/** @import { Context } from "./perform.js" */

/** One line of the table.
    @typedef {object} Action
    @property {string} id
    @property {string} text
    @property {string} icon
    @property {string[]} keys
    @property {string[]} [needs]
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
// The content of a shared folder, and the shared folder itself.
/** @type {(entry: Entry) => boolean} */
const isMount = (entry) => entry.isMount;
/** @type {(entry: Entry) => boolean} */
const isFixed = (entry) => entry.role === "viewer" && !entry.isMount;
/** @type {(entries: Entries) => boolean} */
const mayChange = (entries) => any(entries) && !entries.some(isFixed);
// A manager shares what others have shared, too.
/** @type {(entries: Entries) => boolean} */
const mayShare = (entries) => any(entries) && entries.every(({ role }) => !role || role === "manager");
/** @type {(entries: Entries) => boolean} */
const onlyMounts = (entries) => loaded(entries) && entries.every(isMount);

const loadDetails = () => import("../details/details.js");

/** Resolves to the function that shows the file of an entry in the preview.
    @type {() => Promise<(entry: Entry) => Promise<void>>} */
export async function loadPreview() {
  const { preview } = await import("../preview/preview.js");
  return (entry) => preview(entry, loadDetails);
}

/** @type {Action[]} */
const ALL = [
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
    needs: ["read"],
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
    needs: ["read"],
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
    needs: ["delete"],
    places: FILES,
    isFor: (entries) => isOne(entries) && mayChange(entries),
    run: async ([entry], context) => (await import("./renaming.js")).rename(entry, context),
  },
  {
    id: "move",
    text: "act-move",
    icon: "folder-input",
    keys: ["m"],
    needs: ["delete"],
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
    needs: ["read", "write"],
    places: FILES,
    isInBar: true,
    isFor: any,
    run: async (entries, context) => (await import("./relocating.js")).copyTo(entries, context),
  },
  {
    id: "share",
    text: "act-share",
    icon: "share-2",
    keys: ["Mod+Alt+s"],
    needs: ["own"],
    places: FILES,
    isInBar: true,
    isFor: mayShare,
    run: async (entries) => (await import("./sharing.js")).share(entries),
  },
  {
    id: "link",
    text: "act-link",
    icon: "link",
    keys: ["c"],
    needs: ["own"],
    places: FILES,
    isFor: loaded,
    run: async (entries) => (await import("./links.js")).copyLink(entries),
  },
  {
    id: "details",
    text: "act-details",
    icon: "info",
    keys: ["d"],
    needs: ["own"],
    places: FILES,
    isFor: any,
    run: async (entries, context) => (await loadDetails()).toggleDetails(entries, context),
  },
  {
    id: "trash",
    text: "act-trash",
    icon: "trash-2",
    keys: ["Delete"],
    needs: ["delete"],
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
    needs: ["own"],
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
    needs: ["own"],
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
    needs: ["own"],
    places: FILES,
    isHidden: true,
    isDanger: true,
    // Shared content can only be deleted permanently by its owner.
    isFor: (entries) => any(entries) && !entries.some(({ role }) => role),
    run: async (entries) => (await import("./deleting.js")).purge(entries),
  },
  {
    id: "purge-trashed",
    text: "act-purge",
    icon: "trash-2",
    keys: ["Delete", "Shift+Delete"],
    needs: ["own"],
    places: TRASH,
    isInBar: true,
    takesAway: true,
    isDanger: true,
    isFor: (entries) => any(entries) && mayPurge(),
    run: async (entries) => (await import("./deleting.js")).purge(entries),
  },
];

/** The actions that this page may have.
    @type {Action[]} */
export const ACTIONS = ALL.filter(({ needs = [] }) => needs.every(may));

/** Return the actions of a place that apply to `entries`.
    @type {(place: string, entries: Entries) => Action[]} */
export const actionsFor = (place, entries) =>
  ACTIONS.filter((action) => action.places.includes(place) && action.isFor(entries));
