/* What the details panel says: of one entry all that the server knows, of several their number and size.

   The labels stand in the template; a fact that an entry does not have is hidden with its label.

   Rule: the panel may be about something else by the time an answer comes; then the answer is dropped. */

import { lookUp } from "../actions/changes.js";
import { copyText, linkOf } from "../actions/links.js";
import { part, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { root } from "../core/http.js";
import { countText, text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { refresh } from "../list/refresh.js";
import { warn } from "../ui/toasts.js";
import { kindWord } from "./kind-words.js";
import { listVersions } from "./versions.js";

/** @import { Entry } from "../list/list.js" */
/** @import { Entries, Everything } from "../list/selection.js" */

/** What stands beside each label: null for none, nothing for what has yet to come.
    @typedef {Record<string, string | Node | null>} Facts */

/** @type {Entry | null} */
let current = null;

/** @type {(panel: HTMLElement, name: string) => HTMLElement} */
const piece = (panel, name) => part(panel, `[data-part="${name}"]`);

/** @type {(moment: string) => HTMLTimeElement} */
function timeOf(moment) {
  const time = document.createElement("time");
  time.dateTime = moment;
  time.dataset.shape = "moment";
  return time;
}

/** @type {(bytes: number) => string} */
const bothSizes = (bytes) => (bytes < 1000 ? size(bytes) : `${size(bytes)} (${exactSize(bytes)})`);

/** @type {(path: string) => HTMLAnchorElement} */
function folderLink(path) {
  const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const link = document.createElement("a");
  link.href = `${root}index${parent ? `?path=${encodeURIComponent(parent)}` : ""}`;
  const words = document.createElement("bdi");
  words.textContent = parent || text("your-files");
  link.append(words);
  return link;
}

/** Fill in the facts that are known, and hide those that there are not; the others have yet to come.
    @type {(panel: HTMLElement, facts: Facts) => void} */
function fill(panel, facts) {
  for (const row of parts(panel, "[data-fact]")) {
    const { [row.dataset.fact ?? ""]: value = "…" } = facts;
    row.hidden = value === null;
    const place = row.querySelector(".fact-value") ?? row.querySelector("dd");
    place?.replaceChildren(...(value === null ? [] : [value]));
  }
  showTimes(panel);
}

/** @type {(panel: HTMLElement, entry: Entry) => void} */
function drawPicture(panel, entry) {
  const place = piece(panel, "picture");
  const thumb = entry.row?.querySelector(".thumb");
  const glyph = entry.row?.querySelector(".glyph")?.cloneNode();
  place.replaceChildren(...(glyph ? [glyph] : []));
  if (thumb instanceof HTMLImageElement) {
    const image = document.createElement("img");
    image.alt = "";
    image.addEventListener("load", () => place.replaceChildren(image));
    const source = new URL(thumb.src);
    source.searchParams.set("size", "256");
    image.src = source.href;
  }
}

/** @type {(panel: HTMLElement, entry: Entry, hash: string) => void} */
function bindCopying(panel, entry, hash) {
  const [copyHash, copyLink] = parts(panel, "[data-copies]");
  copyHash.onclick = () => hash && copyText(hash, text("copied"));
  copyLink.onclick = () => copyText(linkOf(entry), text("link-copied"));
}

/** @type {(element: Element | null) => string | null} */
const wordsOf = (element) => element?.getAttribute("aria-label") ?? element?.textContent ?? null;

/** Return what gives the focus back, if it was in `panel` and is gone: to what says the same now, else to
    the button that closes the panel.
    @type {(panel: HTMLElement) => () => void} */
function holdFocus(panel) {
  const { activeElement } = document;
  const held = panel.contains(activeElement) ? wordsOf(activeElement) : null;
  return () => {
    if (held !== null && document.activeElement === document.body) {
      const places = parts(panel, "a, button").filter((each) => each.checkVisibility());
      (places.find((each) => wordsOf(each) === held) ?? part(panel, ".details-close")).focus();
    }
  };
}

/** @type {(panel: HTMLElement, entry: Entry) => Promise<void>} */
async function describeOne(panel, entry) {
  const isNow = () => current === entry;
  const isFolder = entry.kind === "folder";
  piece(panel, "name").textContent = entry.name;
  drawPicture(panel, entry);
  /** @type {Facts} */
  const facts = {
    kind: kindWord(entry),
    size: bothSizes(entry.size),
    folder: folderLink(entry.path),
    link: linkOf(entry),
    owner: null,
    role: entry.role ? text(`role.${entry.role}`) : null,
    ...(isFolder ? { type: null, hash: null } : { files: null }),
  };
  fill(panel, facts);
  piece(panel, "versions").hidden = true;
  bindCopying(panel, entry, "");
  try {
    const [known] = await lookUp([entry.path]);
    if (!isNow()) {
      return;
    }
    if (!known) {
      fill(panel, { ...facts, files: null, type: null, created: null, modified: null, hash: null });
      return;
    }
    fill(panel, {
      ...facts,
      size: bothSizes((isFolder ? known.tree_size : known.size) ?? 0),
      files: isFolder ? number(known.tree_files ?? 0) : null,
      type: known.media_type ?? null,
      created: timeOf(known.created_at),
      modified: timeOf(known.modified_at),
      hash: known.content_hash ?? null,
      owner: known.mount?.owner || null,
    });
    bindCopying(panel, entry, known.content_hash ?? "");
    // Who may only look does not see what was there before.
    if (!isFolder && entry.role !== "viewer") {
      await listVersions(piece(panel, "versions"), entry, isNow, () => changed(panel, entry));
    }
  } catch (failure) {
    if (isNow()) {
      warn(failure.message);
    }
  }
}

/** Bring row and panel up to date after a version was restored or deleted. `contentchange` on the panel tells
    whoever else shows the file.
    @type {(panel: HTMLElement, entry: Entry) => Promise<void>} */
async function changed(panel, entry) {
  await refresh([entry.path]);
  panel.dispatchEvent(new CustomEvent("contentchange", { bubbles: true }));
  if (current === entry) {
    await describe(panel, [entry]);
  }
}

/** Say of everything in a place what is known without a look at each of it.
    @type {(panel: HTMLElement, everything: Everything) => void} */
function describeEverything(panel, { count, bytes }) {
  piece(panel, "count").textContent = countText("dragged", count, { count: number(count) });
  piece(panel, "total").textContent = bytes === null ? "" : bothSizes(bytes);
}

/** @type {(panel: HTMLElement, entries: Entry[]) => void} */
function describeMany(panel, entries) {
  const files = entries.filter(({ kind }) => kind === "file");
  const folders = entries.length - files.length;
  const counts = [
    files.length && countText("count-files", files.length, { count: number(files.length) }),
    folders && countText("count-folders", folders, { count: number(folders) }),
  ];
  piece(panel, "count").textContent = counts.filter(Boolean).join(", ");
  piece(panel, "total").textContent = bothSizes(entries.reduce((sum, entry) => sum + entry.size, 0));
}

/** Have `panel` say what is known of `entries`; what has the focus in it keeps it, though it is drawn anew.
    @type {(panel: HTMLElement, entries: Entries) => Promise<void>} */
export async function describe(panel, entries) {
  const [first] = entries;
  const giveBack = holdFocus(panel);
  current = first ?? null;
  const { everything } = entries;
  panel.dataset.shows = everything ? "many" : (["none", "one"][entries.length] ?? "many");
  if (everything) {
    describeEverything(panel, everything);
  } else if (entries.length === 1) {
    await describeOne(panel, first);
  } else if (entries.length > 1) {
    describeMany(panel, entries);
  }
  giveBack();
}
