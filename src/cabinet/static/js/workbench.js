/* What a page with a list does once somebody is there to do it, be it a folder, what was found, or the
   trash: the parts are made here and tied together.

   Rule: a composition root; what is long is imported by the parts on first use. */

import { byId } from "./core/dom.js";
import "./ui/styles.js";
import { BulkBar } from "./actions/bulk-bar.js";
import { bindCommands } from "./actions/commands.js";
import { bindDownloads } from "./actions/download-links.js";
import { bindDragging } from "./actions/dragging.js";
import { bindEmptying } from "./actions/emptying.js";
import { bindKeys } from "./actions/keys.js";
import { contextOf } from "./actions/perform.js";
import { Pointer } from "./actions/pointer.js";
import { loadPreview } from "./actions/table.js";
import { bindDetails } from "./details/reopen.js";
import { bindMore } from "./list/more.js";
import { bindNavigation } from "./list/navigation.js";
import { bindGroups } from "./list/row-groups.js";
import { bindSearch } from "./list/search.js";
import { Selection } from "./list/selection.js";
import { bindPictures } from "./list/thumbnails.js";
import { bindView } from "./list/view.js";
import { bindLooking } from "./preview/address.js";
import { bindChoosing } from "./upload/pick.js";

const { place } = byId("main").dataset;
const list = byId("list");
const selection = new Selection(list);

new BulkBar(list, selection);
new Pointer(list, selection);
bindKeys(selection);
bindCommands(selection);
bindDownloads();
bindDragging(selection);
bindEmptying();

bindGroups(list);
bindMore();
bindView();
bindPictures();
bindNavigation();
bindLooking(loadPreview);
bindSearch();
if (place !== "trash") {
  bindDetails(() => contextOf(selection));
  // Not with the first F2: what is typed at once belongs to the name.
  (window.requestIdleCallback ?? setTimeout)(() => import("./actions/renaming.js").catch(() => {}));
}

/** Resolves once uploads can be taken; nothing that is waited for may stand at the top of a module, for WebKit
    hands out modules whose top is not through (its bug 242740). */
export const ready = bindChoosing();
