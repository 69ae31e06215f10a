/* Going from place to place without leaving the page: always to the same list in another order, and to any
   place while uploads are running, which would end with the page. `placechange` at #main follows.

   Rule: otherwise a link is a link. What differs from place to place is taken from the page that the server
   renders there. */

import { around, byId, field, part, parts } from "../core/dom.js";
import { base, folderPage } from "../core/identity.js";
import { showTimes } from "../core/times.js";
import { warn } from "../ui/toasts.js";
import { bindHistory, restoreState, reveal, saveStateBeforeLeaving } from "./history.js";
import { fetchCurrent, model, openList } from "./list.js";
import { savePreferences } from "./preferences.js";

/** @import { ListState } from "./history.js" */

const main = byId("main");

// What differs besides the list; the upload panel stays as it is.
const PARTS = ["#files-head", ".rail", "#drop-sign p", "#tools form"];
// The paths of the pages with a list.
const PLACES = [folderPage(""), `${base}search`, `${base}trash`];
// The fragment that names an entry to be shown in its folder.
const SHOW = "#show=";

/** @type {() => boolean} */
let isNeeded = () => false;
/** @type {(title: string) => void} */
let setTitle = (title) => {
  document.title = title;
};

/** Stay on the page as long as `isWanted()`; `rename(title)` sets the title of the page.
    @type {(isWanted: () => boolean, rename: (title: string) => void) => void} */
export function stayOnPageWhile(isWanted, rename) {
  isNeeded = isWanted;
  setTitle = rename;
}

/** Return the search form of a page.
    @type {(page: Document) => HTMLFormElement} */
const searchIn = (page) => part(page, "#search", HTMLFormElement);

/** @type {(fresh: Document, isTyped: boolean) => void} */
function adoptSearch(fresh, isTyped) {
  const [form, now] = [searchIn(document), searchIn(fresh)];
  parts(form, "[type=hidden]").forEach((each) => each.remove());
  form.append(...parts(now, "[type=hidden]").map((each) => document.importNode(each, true)));
  if (!isTyped) {
    field(form, "q").value = field(now, "q").value;
  }
}

/** Make this page the one that was fetched.
    @type {(fresh: Document, isTyped: boolean) => void} */
function adopt(fresh, isTyped) {
  // Dialogs over the list are about its entries.
  parts(document, "#preview[open], #details-sheet[open]", HTMLDialogElement).forEach((dialog) =>
    dialog.close(),
  );
  for (const part of PARTS) {
    const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
    if (old && now) {
      const copy = document.importNode(now, true);
      old.replaceWith(copy);
      showTimes(copy);
    }
  }
  adoptSearch(fresh, isTyped);
  // Not every place has these.
  ["sort", "order", "role"].forEach((name) => delete main.dataset[name]);
  Object.assign(main.dataset, part(fresh, "#main").dataset);
  main.querySelectorAll(".notices, .refused").forEach((notice) => notice.remove());
  openList(fresh, currentAddress());
}

/** Return the address of the browser without the fragment.
    @type {() => string} */
export const currentAddress = () => location.pathname + location.search;
let turn = 0;

/** Whether another page is being fetched. */
export const isNavigating = () => main.hasAttribute("aria-busy");

/** Drop the page that is being fetched, if any. */
export function cancelNavigation() {
  turn += 1;
  main.removeAttribute("aria-busy");
}

/** Show the page at `url` in place of this one and return it; null if a later call replaced this one, or on a
    failure, which is shown. `enter()` changes the address, `settle(fresh)` sets scroll and focus. With `isTyped`,
    or if someone typed meanwhile, the text of the search field stays.
    @type {(url: string, how: { enter: () => void, settle: (fresh: Document) => unknown, isTyped?: boolean }) => Promise<Document | null>} */
export async function showPage(url, { enter, settle, isTyped = false }) {
  cancelNavigation();
  const mine = turn;
  const typed = field(searchIn(document), "q");
  const asked = typed.value;
  main.setAttribute("aria-busy", "true");
  try {
    const fresh = await fetchCurrent(url);
    if (mine !== turn) {
      return null;
    }
    enter();
    adopt(fresh, isTyped || typed.value !== asked);
    setTitle(fresh.title);
    await settle(fresh);
    main.dispatchEvent(new Event("placechange"));
    return fresh;
  } catch (failure) {
    if (mine === turn) {
      warn(failure.message);
      const { address } = model.place;
      if (currentAddress() !== address) {
        // The browser has gone back; the page could not.
        history.pushState(null, "", address);
      }
    }
    return null;
  } finally {
    if (mine === turn) {
      main.removeAttribute("aria-busy");
    }
  }
}

/** Change the address to `url`, in a new entry of the history or in this one.
    @type {(url: string, how: { isNew: boolean, state?: object }) => void} */
export function setAddress(url, { isNew, state = {} }) {
  // The browser would restore the scroll position before the list is loaded.
  history.scrollRestoration = "manual";
  if (isNew) {
    saveStateBeforeLeaving();
    history.pushState(state, "", url);
  } else {
    history.replaceState({ ...history.state, ...state }, "", url);
  }
}

/** Show the entry that the fragment names, and remove the fragment. */
async function revealNamed() {
  if (!location.hash.startsWith(SHOW)) {
    return false;
  }
  const { folder } = main.dataset;
  const name = decodeURIComponent(location.hash.slice(SHOW.length));
  history.replaceState(history.state, "", currentAddress());
  await reveal(folder ? `${folder}/${name}` : name);
  return true;
}

/** Return the link to a page with a list that was plainly clicked, null for any other click.
    @type {(event: MouseEvent) => HTMLAnchorElement | null} */
function linkOf(event) {
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const link = isPlain && !event.defaultPrevented ? around(event, "a[href]", HTMLAnchorElement) : null;
  const isPlace = link && PLACES.includes(link.pathname);
  const isWithin = link?.hash && !link.hash.startsWith(SHOW);
  return isPlace && !isWithin && link?.origin === location.origin ? link : null;
}

/** Sort the list by a heading, which keeps the focus.
    @type {(link: HTMLAnchorElement) => void} */
function sortBy(link) {
  const className = link.parentElement?.className ?? "";
  const top = scrollY;
  showPage(link.href, {
    enter: () => setAddress(link.href, { isNew: false }),
    settle: () => {
      const { sort, order } = main.dataset;
      savePreferences({ sort, order });
      parts(document, `.list-head .${CSS.escape(className)} a`)[0]?.focus({ preventScroll: true });
      scrollTo({ top, behavior: "instant" });
    },
  });
}

/** @type {(url: string) => void} */
function follow(url) {
  showPage(url, {
    enter: () => setAddress(url, { isNew: true }),
    settle: async () => {
      main.focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: "instant" });
      await revealNamed();
    },
  });
}

/** Go to the place at `url`, without leaving the page if that is needed.
    @type {(url: string) => void} */
export function navigateTo(url) {
  if (isNeeded()) {
    follow(url);
  } else {
    location.assign(url);
  }
}

/** Show the list of an entry of the history as it was left.
    @type {(state: ListState | null) => void} */
function goBackTo(state) {
  const typed = field(searchIn(document), "q");
  showPage(location.href, {
    enter: () => {},
    settle: async () => {
      const isTyping = document.activeElement === typed;
      if (!isTyping) {
        main.focus({ preventScroll: true });
      }
      await restoreState(state, isTyping);
    },
  });
}

/** Handle clicks on links to places, and Back and Forward. */
export function bindNavigation() {
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    const isSorting = Boolean(link?.closest(".list-head"));
    if (link && (isSorting || isNeeded())) {
      event.preventDefault();
      if (isSorting) {
        sortBy(link);
      } else {
        follow(link.href);
      }
    }
  });
  window.addEventListener("popstate", ({ state }) => {
    // A link within the page changes the fragment only.
    if (currentAddress() !== model.place.address) {
      goBackTo(state);
    }
  });
  bindHistory();
  revealNamed().catch((failure) => warn(failure.message));
}
