/* What the details panel says: of one entry all that the server knows, of several their number and size.

   The labels stand in the template; a fact that an entry does not have is hidden with its label.

   Rule: the panel may be about something else by the time an answer comes; then the answer is dropped. */

import { lookUp } from "../actions/changes.js";
import { copyText, linkOf } from "../actions/links.js";
import { exactSize, number, size } from "../core/format.js";
import { root } from "../core/http.js";
import { countText, text } from "../core/texts.js";
import { showTimes } from "../core/times.js";
import { refresh } from "../list/refresh.js";
import { warn } from "../ui/toasts.js";
import { kindWord } from "./kind-words.js";
import { listVersions } from "./versions.js";

let current = null;

const part = (panel, name) => panel.querySelector(`[data-part="${name}"]`);

function timeOf(moment) {
  const time = document.createElement("time");
  time.dateTime = moment;
  time.dataset.shape = "moment";
  return time;
}

const bothSizes = (bytes) => (bytes < 1000 ? size(bytes) : `${size(bytes)} (${exactSize(bytes)})`);

function folderLink(path) {
  const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const link = document.createElement("a");
  link.href = `${root}index${parent ? `?path=${encodeURIComponent(parent)}` : ""}`;
  link.append(document.createElement("bdi"));
  link.firstChild.textContent = parent || text("your-files");
  return link;
}

/** Fill in the facts that are known, and hide those that there are not; the others have yet to come. */
function fill(panel, facts) {
  for (const row of panel.querySelectorAll("[data-fact]")) {
    const { [row.dataset.fact]: value = "…" } = facts;
    row.hidden = value === null;
    (row.querySelector(".fact-value") ?? row.querySelector("dd")).replaceChildren(
      ...(row.hidden ? [] : [value]),
    );
  }
  showTimes(panel);
}

function drawPicture(panel, entry) {
  const place = part(panel, "picture");
  const thumb = entry.row?.querySelector(".thumb");
  place.replaceChildren(...[entry.row?.querySelector(".glyph")?.cloneNode()].filter(Boolean));
  if (thumb) {
    const image = document.createElement("img");
    image.alt = "";
    image.addEventListener("load", () => place.replaceChildren(image));
    const source = new URL(thumb.src);
    source.searchParams.set("size", "256");
    image.src = source;
  }
}

function bindCopying(panel, entry, hash) {
  const [copyHash, copyLink] = panel.querySelectorAll("[data-copies]");
  copyHash.onclick = () => hash && copyText(hash, text("copied"));
  copyLink.onclick = () => copyText(linkOf(entry), text("link-copied"));
}

const wordsOf = (element) => element.getAttribute("aria-label") ?? element.textContent;

/** Return what gives the focus back, if it was in `panel` and is gone: to what says the same now, else to
    the button that closes the panel. */
function holdFocus(panel) {
  const { activeElement } = document;
  const held = panel.contains(activeElement) ? wordsOf(activeElement) : null;
  return () => {
    if (held !== null && document.activeElement === document.body) {
      const places = [...panel.querySelectorAll("a, button")].filter((each) => each.checkVisibility());
      (places.find((each) => wordsOf(each) === held) ?? panel.querySelector(".details-close")).focus();
    }
  };
}

async function describeOne(panel, entry) {
  const isNow = () => current === entry;
  const isFolder = entry.kind === "folder";
  part(panel, "name").textContent = entry.name;
  drawPicture(panel, entry);
  const facts = {
    kind: kindWord(entry),
    size: bothSizes(entry.size),
    folder: folderLink(entry.path),
    link: linkOf(entry),
    ...(isFolder ? { type: null, hash: null } : { files: null }),
  };
  fill(panel, facts);
  part(panel, "versions").hidden = true;
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
      size: bothSizes(isFolder ? known.tree_size : known.size),
      files: isFolder ? number(known.tree_files) : null,
      type: known.media_type,
      created: timeOf(known.created_at),
      modified: timeOf(known.modified_at),
      hash: known.content_hash,
    });
    bindCopying(panel, entry, known.content_hash);
    if (!isFolder) {
      await listVersions(part(panel, "versions"), entry, isNow, () => changed(panel, entry));
    }
  } catch (failure) {
    if (isNow()) {
      warn(failure.message);
    }
  }
}

/** Bring row and panel up to date after a version was restored or deleted. `contentchange` on the panel tells
    whoever else shows the file. */
async function changed(panel, entry) {
  await refresh([entry.path]);
  panel.dispatchEvent(new CustomEvent("contentchange", { bubbles: true }));
  if (current === entry) {
    await describe(panel, [entry]);
  }
}

/** Say of everything in a place what is known without a look at each of it. */
function describeEverything(panel, { count, bytes }) {
  part(panel, "count").textContent = countText("dragged", count, { count: number(count) });
  part(panel, "total").textContent = bytes === null ? "" : bothSizes(bytes);
}

function describeMany(panel, entries) {
  const files = entries.filter(({ kind }) => kind === "file");
  const folders = entries.length - files.length;
  const parts = [
    files.length && countText("count-files", files.length, { count: number(files.length) }),
    folders && countText("count-folders", folders, { count: number(folders) }),
  ];
  part(panel, "count").textContent = parts.filter(Boolean).join(", ");
  part(panel, "total").textContent = bothSizes(entries.reduce((sum, entry) => sum + entry.size, 0));
}

/** Have `panel` say what is known of `entries`; what has the focus in it keeps it, though it is drawn anew. */
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
