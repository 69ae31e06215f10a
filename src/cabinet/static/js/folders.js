/* Moving between folders without leaving the page, while uploads are on it that would end with it.

   Rule: with nothing to lose, a link is a link. */

import { fetchFiles, replaceAll } from "./list.js";
import { showTimes } from "./times.js";
import { warn } from "./toasts.js";

const main = document.getElementById("main");

// What differs from folder to folder besides the list; the panel of uploads stays as it is.
const PARTS = ["#files-head", "#drop-sign p", "#search", "#tools form", "#new-folder"];

function adopt(fresh) {
  for (const part of PARTS) {
    const copy = document.importNode(fresh.querySelector(part), true);
    document.querySelector(part).replaceWith(copy);
    showTimes(copy);
  }
  document.getElementById("upload").action = fresh.getElementById("upload").action;
  Object.assign(main.dataset, fresh.getElementById("main").dataset);
  main.querySelector(".notices")?.remove();
  replaceAll(fresh);
}

const here = () => location.pathname + location.search;
let shown = here();

/** Show the folder page at `url` in place of this one, `top` pixels down; `enter()` makes its address ours. */
async function show(url, top, enter, named) {
  main.setAttribute("aria-busy", "true");
  try {
    const fresh = await fetchFiles(url);
    enter();
    shown = here();
    adopt(fresh);
    named(fresh.title);
    main.focus({ preventScroll: true });
    scrollTo(0, top);
  } catch (failure) {
    warn(failure.message);
  } finally {
    main.removeAttribute("aria-busy");
  }
}

/** Return the link to a folder that a plain click has hit. */
function linkOf(event) {
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const link = isPlain && !event.defaultPrevented ? event.target.closest?.("a[href]") : null;
  return link && link.pathname === location.pathname && link.origin === location.origin ? link : null;
}

/** Move in place as long as `isNeeded()`; `named(title)` hears what the open folder's page is called. */
export function bindFolders(isNeeded, named) {
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (!link || link.hash || !isNeeded()) {
      return;
    }
    event.preventDefault();
    const enter = () => {
      // What the browser restores, it restores before the list is there.
      history.scrollRestoration = "manual";
      history.replaceState({ top: scrollY }, "");
      history.pushState({ top: 0 }, "", link.href);
    };
    show(link.href, 0, enter, named);
  });
  window.addEventListener("popstate", ({ state }) => {
    // Following a link within the page is a move, too, but not to another folder.
    if (here() !== shown) {
      show(location.href, state?.top ?? 0, () => {}, named);
    }
  });
}
