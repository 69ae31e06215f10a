/* The list as rows or as tiles: the same markup under another class, and larger thumbnails.

   The view is saved for the next page.

   Rule: nothing is fetched but thumbnails. */

import { around, byId, parts } from "../core/dom.js";
import { onListChange } from "./events.js";
import { savePreferences } from "./preferences.js";

const main = byId("main");
const list = byId("list");

/** Return the view: "list" or "grid".
    @type {() => string | undefined} */
export const view = () => main.dataset.view;

/** Draw the view; only thumbnails in `roots` can be of another size.
    @type {(roots?: HTMLElement[]) => void} */
function draw(roots = [list]) {
  const isGrid = view() === "grid";
  list.querySelector(".list")?.classList.toggle("is-grid", isGrid);
  for (const link of parts(document, ".views [data-view]")) {
    link.setAttribute("aria-current", String(link.dataset.view === view()));
  }
  const size = `size=${isGrid ? 256 : 64}`;
  const isOther = `.thumb:not([src*="${size}&"])`;
  for (const picture of roots.flatMap((root) => parts(root, isOther, HTMLImageElement))) {
    picture.src = (picture.getAttribute("src") ?? "").replace(/size=\d+/, size);
  }
}

/** Show the list as `wanted`, and save that.
    @type {(wanted?: string) => void} */
function setView(wanted) {
  main.dataset.view = wanted;
  savePreferences({ view: wanted });
  draw();
}

/** Switch to the other view. */
export const toggleView = () => setView(view() === "grid" ? "list" : "grid");

/** Let the two buttons switch the view; without scripts they are links. */
export function bindView() {
  document.addEventListener("click", (event) => {
    const link = around(event, ".views [data-view]");
    if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
      event.preventDefault();
      setView(link.dataset.view);
    }
  });
  onListChange(list, ({ added }) => draw(added ?? [list]));
}
