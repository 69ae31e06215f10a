/* The list as rows or as tiles: the same markup under another class, and larger pictures.

   The choice is remembered for the next page.

   Rule: nothing is fetched but pictures. */

import { around, byId, parts } from "../core/dom.js";
import { onListChange } from "./list.js";
import { remember } from "./remembered.js";

const main = byId("main");
const list = byId("list");

/** Return how the list is looked at: "list" or "grid".
    @type {() => string | undefined} */
export const view = () => main.dataset.view;

/** Draw the list, of which only `roots` can have pictures that are not of this view.
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

/** Look at the list as `wanted`, now and from now on.
    @type {(wanted?: string) => void} */
function setView(wanted) {
  main.dataset.view = wanted;
  remember({ view: wanted });
  draw();
}

/** Change from the one to the other. */
export const toggleView = () => setView(view() === "grid" ? "list" : "grid");

/** Let the two buttons do it; they are links without scripts. */
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
