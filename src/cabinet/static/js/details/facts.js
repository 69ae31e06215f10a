/* The content of the details panel: the properties of one entry, or number and size of several. The labels are in the
   template; a property that an entry does not have is hidden with its label.

   Rule: an answer that arrives after the panel has changed its subject is dropped. */

import { lookUp } from "../actions/changes.js";
import { copyText, linkOf } from "../actions/links.js";
import { part, parts } from "../core/dom.js";
import { exactSize, number, size } from "../core/format.js";
import { folderPage } from "../core/identity.js";
import { countText, text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { refresh } from "../list/list.js";
import { warn } from "../ui/toasts.js";
import { showActivity } from "./activity.js";
import { listSharing } from "./sharing.js";
import { typeName } from "./type-names.js";
import { listVersions } from "./versions.js";

/** @import { Entry } from "../list/rows.js" */
/** @import { Entries, Everything } from "../list/selection.js" */

/** The value of each property: null hides it, undefined is still loading.
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
const sizeText = (bytes) => (bytes < 1000 ? size(bytes) : `${size(bytes)} (${exactSize(bytes)})`);

/** @type {(path: string) => HTMLAnchorElement} */
function folderLink(path) {
  const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const link = document.createElement("a");
  link.href = folderPage(parent);
  const words = document.createElement("bdi");
  words.textContent = parent || text("your-files");
  link.append(words);
  return link;
}

/** Fill in the known properties, hide those that are null, and show the others as loading.
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
  copyLink.onclick = () => copyText(linkOf(entry), text("address-copied"));
}

/** @type {(element: Element | null) => string | null} */
const labelOf = (element) => element?.getAttribute("aria-label") ?? element?.textContent ?? null;

/** Return a function that restores the focus inside `panel` after a redraw: to the control with the same label, else
    to the close button.
    @type {(panel: HTMLElement) => () => void} */
function holdFocus(panel) {
  const { activeElement } = document;
  const held = panel.contains(activeElement) ? labelOf(activeElement) : null;
  return () => {
    if (held !== null && document.activeElement === document.body) {
      const places = parts(panel, "a, button").filter((each) => each.checkVisibility());
      (places.find((each) => labelOf(each) === held) ?? part(panel, ".details-close")).focus();
    }
  };
}

/** @type {(panel: HTMLElement, entry: Entry) => Promise<void>} */
async function describeOne(panel, entry) {
  const isCurrent = () => current === entry;
  const isFolder = entry.kind === "folder";
  piece(panel, "name").textContent = entry.name;
  drawPicture(panel, entry);
  /** @type {Facts} */
  const facts = {
    kind: typeName(entry),
    size: sizeText(entry.size),
    folder: folderLink(entry.path),
    link: linkOf(entry),
    owner: null,
    role: entry.role ? text(`role.${entry.role}`) : null,
    ...(isFolder ? { type: null, hash: null } : { files: null }),
  };
  fill(panel, facts);
  piece(panel, "versions").hidden = true;
  piece(panel, "sharing").hidden = true;
  bindCopying(panel, entry, "");
  showActivity(part(panel, "details", HTMLDetailsElement), entry, isCurrent);
  try {
    const [known] = await lookUp([entry.path]);
    if (!isCurrent()) {
      return;
    }
    if (!known) {
      fill(panel, { ...facts, files: null, type: null, created: null, modified: null, hash: null });
      return;
    }
    fill(panel, {
      ...facts,
      size: sizeText((isFolder ? known.tree_size : known.size) ?? 0),
      files: isFolder ? number(known.tree_files ?? 0) : null,
      type: known.media_type ?? null,
      created: timeOf(known.created_at),
      modified: timeOf(known.modified_at),
      hash: known.content_hash ?? null,
      owner: known.mount?.owner || null,
    });
    bindCopying(panel, entry, known.content_hash ?? "");
    if (!entry.role || entry.role === "manager") {
      await listSharing(piece(panel, "sharing"), entry, Boolean(known.shared), isCurrent);
    }
    // Viewers have no access to old versions.
    if (!isFolder && entry.role !== "viewer") {
      await listVersions(piece(panel, "versions"), entry, isCurrent, () => changed(panel, entry));
    }
  } catch (failure) {
    if (isCurrent()) {
      warn(failure.message);
    }
  }
}

/** Refresh the row and the panel after a version was restored or deleted. Fires `contentchange` on the panel for
    other views of the file.
    @type {(panel: HTMLElement, entry: Entry) => Promise<void>} */
async function changed(panel, entry) {
  await refresh([entry.path]);
  panel.dispatchEvent(new CustomEvent("contentchange", { bubbles: true }));
  if (current === entry) {
    await describe(panel, [entry]);
  }
}

/** Show what is known of everything in a place, without requests.
    @type {(panel: HTMLElement, everything: Everything) => void} */
function describeEverything(panel, { count, bytes }) {
  piece(panel, "count").textContent = countText("dragged", count, { count: number(count) });
  piece(panel, "total").textContent = bytes === null ? "" : sizeText(bytes);
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
  piece(panel, "total").textContent = sizeText(entries.reduce((sum, entry) => sum + entry.size, 0));
}

/** Show the details of `entries` in `panel`; the focus inside survives the redraw.
    @type {(panel: HTMLElement, entries: Entries) => Promise<void>} */
export async function describe(panel, entries) {
  const [first] = entries;
  const restoreFocus = holdFocus(panel);
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
  restoreFocus();
}
