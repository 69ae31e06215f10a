/* The features of a page with a list: a folder, search results or the trash. Creates and connects the parts.

   Rule: a composition root; large parts are imported on first use. */

import { byId } from "./core/dom.js";
import "./ui/styles.js";
import { BulkBar } from "./actions/bulk-bar.js";
import { bindCommands } from "./actions/commands.js";
import { bindDownloadLinks } from "./actions/download-links.js";
import { bindDragging } from "./actions/dragging.js";
import { bindEmptyTrash } from "./actions/empty-trash.js";
import { bindKeys } from "./actions/keys.js";
import { contextOf } from "./actions/perform.js";
import { Pointer } from "./actions/pointer.js";
import { loadPreview } from "./actions/table.js";
import { bindDetails } from "./details/reopen.js";
import { model } from "./list/list.js";
import { bindMore } from "./list/more.js";
import { bindNavigation } from "./list/navigation.js";
import { bindSearch } from "./list/search.js";
import { Selection } from "./list/selection.js";
import { bindThumbnails } from "./list/thumbnails.js";
import { bindView } from "./list/view.js";
import { bindPreviewAddress } from "./preview/address.js";
import { bindFileSources } from "./upload/pick.js";

const { place } = byId("main").dataset;
const list = byId("list");
const selection = new Selection(list, model);

new BulkBar(list, selection);
new Pointer(list, selection);
bindKeys(selection);
bindCommands(selection);
bindDownloadLinks();
bindDragging(selection);
bindEmptyTrash();

bindMore();
bindView();
bindThumbnails();
bindNavigation();
bindPreviewAddress(loadPreview);
bindSearch();
if (place !== "trash") {
  if (document.getElementById("details")) {
    bindDetails(() => contextOf(selection));
  }
  // Preload, so that text typed right after F2 goes into the field.
  (window.requestIdleCallback ?? setTimeout)(() => import("./actions/renaming.js").catch(() => {}));
}

/** Resolves once uploads can be handled. Not awaited at the top level, because WebKit exposes modules before their
    top-level await has finished (bug 242740). */
export const ready = bindFileSources();
