/* The latest events of an entry in the details panel, which are loaded when their part is opened. */

import { copyOf, part } from "../core/dom.js";
import { base, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { withSession } from "../session/with-session.js";
import { warn } from "../ui/toasts.js";

/** @import { Entry } from "../list/rows.js" */

/** An event as in the API.
    @typedef {{ verb: string, actor: string | null, guest: boolean, path: string | null, from: string | null,
      at: string }} Happening */

const MOST = 10;

/** @type {(event: Happening) => string} */
function whoOf({ actor, guest }) {
  if (actor === null) {
    return text(guest ? "event-guest" : "event-unknown");
  }
  return actor === document.body.dataset.username ? text("event-you") : actor;
}

/** @type {(event: Happening, entry: Entry) => HTMLElement} */
function draw(event, entry) {
  const item = copyOf("details-event");
  const path = event.path ?? event.from ?? "";
  const isMovedOut = event.verb === "moved" && event.path === null;
  part(item, ".event-what").textContent = text(isMovedOut ? "event-moved-out" : `verb.${event.verb}`);
  part(item, ".event-name").textContent = path === entry.path ? "" : path.slice(path.lastIndexOf("/") + 1);
  part(item, ".event-who").textContent = whoOf(event);
  part(item, "time", HTMLTimeElement).dateTime = event.at;
  return item;
}

/** @type {(place: HTMLElement, entry: Entry, isCurrent: () => boolean) => Promise<void>} */
async function load(place, entry, isCurrent) {
  const address = `${base}activity?path=${encodeURIComponent(entry.path)}`;
  part(place, "a", HTMLAnchorElement).href = address;
  try {
    const response = await withSession(() => send("GET", `${address}&limit=${MOST}`));
    const { events } = await response.json();
    if (isCurrent()) {
      /** @type {HTMLElement[]} */
      const items = events.map((/** @type {Happening} */ event) => draw(event, entry));
      items.forEach(showTimes);
      part(place, "ul").replaceChildren(...items);
      part(place, ".event-none").hidden = items.length > 0;
    }
  } catch (failure) {
    if (isCurrent()) {
      warn(failure.message);
    }
  }
}

/** Show the events of `entry` in `place` while that is open and the panel still shows the entry.
    @type {(place: HTMLDetailsElement, entry: Entry, isCurrent: () => boolean) => void} */
export function showActivity(place, entry, isCurrent) {
  part(place, "ul").replaceChildren();
  part(place, ".event-none").hidden = true;
  const loadIfOpen = () => place.open && load(place, entry, isCurrent);
  place.ontoggle = loadIfOpen;
  loadIfOpen();
}
