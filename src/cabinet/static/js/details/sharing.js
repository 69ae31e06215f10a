/* The sharing section of the details panel: what an entry is shared with, and the way to the Share dialog.

   Rule: the lines are those of the page about sharing the entry; this makes none. */

import { share } from "../actions/sharing.js";
import { part, parts } from "../core/dom.js";
import { fetchPage } from "../core/http.js";
import { root } from "../core/identity.js";
import { showTimes } from "../core/times.js";
import { withSession } from "../session/with-session.js";
import { showError } from "../ui/errors.js";

/** @import { Entry } from "../list/rows.js" */

const LINES = "#share-content .share-links > li";

/** Return a line without its controls: what is shared, and its state.
    @type {(line: HTMLElement) => HTMLElement} */
function brief(line) {
  const item = document.createElement("li");
  item.append(...parts(line, ".share-name, .share-state"));
  return item;
}

/** Show in `place` what `entry` is shared with if the panel still shows it. Raises `Failure`.
    @type {(place: HTMLElement, entry: Entry, isShared: boolean, isCurrent: () => boolean) => Promise<void>} */
export async function listSharing(place, entry, isShared, isCurrent) {
  const list = part(place, "ul");
  const none = part(place, ".hint");
  list.replaceChildren();
  none.hidden = isShared;
  part(place, "button").onclick = () => share([entry]).catch(showError);
  place.hidden = false;
  if (!isShared) {
    return;
  }
  const query = new URLSearchParams({ path: entry.path });
  const page = await withSession(() => fetchPage(`${root}share?${query}`));
  if (isCurrent()) {
    list.replaceChildren(...parts(page, LINES).map(brief));
    showTimes(list);
  }
}
