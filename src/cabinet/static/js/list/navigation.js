/* Moving between places without leaving the page: always to the same list in another order, and from
   anywhere to anywhere while uploads are on the page that would end with it. `placechange` at #main follows.

   Rule: otherwise a link is a link. What differs from place to place is taken from the page that the
   server draws there. */

import { around, byId, field, part, parts } from "../core/dom.js";
import { root } from "../core/identity.js";
import { showTimes } from "../core/times.js";
import { warn } from "../ui/toasts.js";
import { bindMemory, leave, recall, reveal } from "./history.js";
import { addressShown, fetchCurrent, replaceAll, showsFrom } from "./list.js";
import { remember } from "./remembered.js";

/** @import { Remembered } from "./history.js" */

const main = byId("main");

// What differs besides the list; the panel of uploads stays as it is.
const PARTS = ["#files-head", ".rail", "#drop-sign p", "#tools form"];
// The fragment that names the entry of a folder which somebody looks for.
const SOUGHT = "#show=";

/** @type {() => boolean} */
let isNeeded = () => false;
/** @type {(title: string) => void} */
let named = (title) => {
  document.title = title;
};

/** Move in place as long as `isWanted()`; `rename(title)` hears what the page that is open is called.
    @type {(isWanted: () => boolean, rename: (title: string) => void) => void} */
export function moveInPlaceWhile(isWanted, rename) {
  isNeeded = isWanted;
  named = rename;
}

/** Return what the form to search with says in `root`.
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

/** @type {(fresh: Document, isTyped: boolean) => void} */
function adopt(fresh, isTyped) {
  // What lies over the list speaks of what is in it.
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
  // Some places have one order only, and are nobody else's.
  ["sort", "order", "role"].forEach((name) => delete main.dataset[name]);
  Object.assign(main.dataset, part(fresh, "#main").dataset);
  main.querySelectorAll(".notices, .refused").forEach((notice) => notice.remove());
  replaceAll(fresh);
}

/** Return the address of the list that the browser is at.
    @type {() => string} */
export const here = () => location.pathname + location.search;
let turn = 0;

/** Whether another page is on its way. */
export const isMoving = () => main.hasAttribute("aria-busy");

/** Let no page that is still on its way be shown. */
export function stay() {
  turn += 1;
  main.removeAttribute("aria-busy");
}

/** Show the page at `url` in place of this one and return it; null when a later one came before it.
    `enter()` makes its address ours, `settle(fresh)` puts scroll and focus where they belong; what is
    typed in the search field stays when `isTyped`, or when it was typed meanwhile.
    @type {(url: string, how: { enter: () => void, settle: (fresh: Document) => unknown, isTyped?: boolean }) => Promise<Document | null>} */
export async function show(url, { enter, settle, isTyped = false }) {
  stay();
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
    showsFrom(here());
    adopt(fresh, isTyped || typed.value !== asked);
    named(fresh.title);
    await settle(fresh);
    main.dispatchEvent(new Event("placechange"));
    return fresh;
  } catch (failure) {
    if (mine === turn) {
      warn(failure.message);
      if (here() !== addressShown()) {
        // The browser has gone back; the page could not.
        history.pushState(null, "", addressShown());
      }
    }
    return null;
  } finally {
    if (mine === turn) {
      main.removeAttribute("aria-busy");
    }
  }
}

/** Make `url` the address of a new entry of the history, or of this one.
    @type {(url: string, how: { isNew: boolean, state?: object }) => void} */
export function enterAt(url, { isNew, state = {} }) {
  // What the browser restores, it restores before the list is there.
  history.scrollRestoration = "manual";
  if (isNew) {
    leave();
    history.pushState(state, "", url);
  } else {
    history.replaceState({ ...history.state, ...state }, "", url);
  }
}

/** Bring into view what the address asks for, and take that out of it. */
async function revealSought() {
  if (!location.hash.startsWith(SOUGHT)) {
    return false;
  }
  const { folder } = main.dataset;
  const name = decodeURIComponent(location.hash.slice(SOUGHT.length));
  history.replaceState(history.state, "", here());
  await reveal(folder ? `${folder}/${name}` : name);
  return true;
}

/** Return the link to a page with a list that a plain click has hit.
    @type {(event: MouseEvent) => HTMLAnchorElement | null} */
function linkOf(event) {
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const link = isPlain && !event.defaultPrevented ? around(event, "a[href]", HTMLAnchorElement) : null;
  const isPlace = link && ["index", "search", "trash"].some((place) => link.pathname === root + place);
  const isWithin = link?.hash && !link.hash.startsWith(SOUGHT);
  return isPlace && !isWithin && link?.origin === location.origin ? link : null;
}

/** Sort the list by a heading, which keeps the focus.
    @type {(link: HTMLAnchorElement) => void} */
function sortBy(link) {
  const className = link.parentElement?.className ?? "";
  const top = scrollY;
  show(link.href, {
    enter: () => enterAt(link.href, { isNew: false }),
    settle: () => {
      const { sort, order } = main.dataset;
      remember({ sort, order });
      parts(document, `.list-head .${CSS.escape(className)} a`)[0]?.focus({ preventScroll: true });
      scrollTo({ top, behavior: "instant" });
    },
  });
}

/** @type {(url: string) => void} */
function follow(url) {
  show(url, {
    enter: () => enterAt(url, { isNew: true }),
    settle: async () => {
      main.focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: "instant" });
      await revealSought();
    },
  });
}

/** Go to the place at `url`, without leaving the page as long as that is wanted.
    @type {(url: string) => void} */
export function goTo(url) {
  if (isNeeded()) {
    follow(url);
  } else {
    location.assign(url);
  }
}

/** Show what an entry of the history was, as it was left.
    @type {(state: Remembered | null) => void} */
function comeBack(state) {
  const typed = field(searchIn(document), "q");
  show(location.href, {
    enter: () => {},
    settle: async () => {
      const isTyping = document.activeElement === typed;
      if (!isTyping) {
        main.focus({ preventScroll: true });
      }
      await recall(state, isTyping);
    },
  });
}

/** Let links, and the way back, do what they are for. */
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
    // Following a link within the page is a move, too, but not to another place.
    if (here() !== addressShown()) {
      comeBack(state);
    }
  });
  bindMemory();
  revealSought().catch((failure) => warn(failure.message));
}
