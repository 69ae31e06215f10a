/* A tree view of folders, whose levels are fetched when they are expanded. Navigation by arrows, Home, End and
   type-ahead; the focused folder is the selected one.

   Fires `change` when another folder is selected, `accept` on Enter, `fail` with a `failure`.

   Rule: knows folders by their paths, and not what they are selected for. */

import { around, parts } from "../core/dom.js";
import { entryWithin, nameOf } from "../core/paths.js";
import { foldersOf } from "./changes.js";
import { groupOf, isOpen, makeItem, makeMore, parentItem } from "./folder-items.js";
import { folderTitle } from "./places.js";

// Items of a level that are loaded at a time.
const PAGE_SIZE = 100;
// Letters typed within this time are one search.
const TYPING_MS = 700;

export class FolderTree extends EventTarget {
  #root;
  #isClosed;
  #typed = { letters: "", at: 0 };
  #isIntermediate = false;

  /** `isClosed(path)` returns whether a folder cannot be expanded.
      @param {HTMLElement} root
      @param {(path: string) => boolean} isClosed */
  constructor(root, isClosed) {
    super();
    this.#root = root;
    this.#isClosed = isClosed;
    root.replaceChildren();
    root.onclick = (event) => this.#click(event);
    root.onkeydown = (event) => this.#press(event);
    root.onfocus = () => this.#selectedItem?.focus();
  }

  /** The path of the selected folder. */
  get selected() {
    return this.#selectedItem?.dataset.folder ?? "";
  }

  /** Whether the selection is only an intermediate step of `start`, not made by the user. */
  get isIntermediate() {
    return this.#isIntermediate;
  }

  /** @type {HTMLElement | null} */
  get #selectedItem() {
    return this.#root.querySelector('[aria-selected="true"]');
  }

  /** Expand the tree down to the folder at `path`, and select it.
      @type {(path: string) => Promise<void>} */
  start(path) {
    const top = this.#item("", folderTitle(""), 1);
    this.#root.append(top);
    return this.#goDown(top, path);
  }

  /** Show a new folder inside the selected one, and select it.
      @type {(path: string) => Promise<void>} */
  add(path) {
    const item = this.#selectedItem ?? this.#root;
    if (!isOpen(item)) {
      item.ariaExpanded = "false";
    }
    return this.#goDown(item, path);
  }

  /** @type {(from: HTMLElement, path: string) => Promise<void>} */
  async #goDown(from, path) {
    /** @type {HTMLElement | null} */
    let item = from;
    while (item) {
      this.#select(item, {
        isIntermediate: item.dataset.folder !== path,
        // The field for the name of a new folder keeps the focus.
        takesFocus: item === from || this.#root.contains(document.activeElement),
      });
      const isKnown = await this.#open(item);
      if (this.#selectedItem !== item || !isKnown) {
        // The user has selected another folder, or loading has failed.
        return;
      }
      /** @type {string | null} */
      const next = isOpen(item) ? entryWithin(item.dataset.folder ?? "", path) : null;
      item = next === null ? null : this.#itemOf(next, item);
    }
    if (this.#isIntermediate && this.#selectedItem) {
      // The folder is gone; its closest ancestor stays selected.
      this.#select(this.#selectedItem, { takesFocus: false });
    }
  }

  focus() {
    this.#selectedItem?.focus();
  }

  /** @type {(path: string) => HTMLElement | null} */
  #find(path) {
    return this.#root.querySelector(`[data-folder="${CSS.escape(path)}"]`);
  }

  /** @type {(path: string, name: string, level: number) => HTMLElement} */
  #item(path, name, level) {
    return makeItem(path, name, level, this.#isClosed(path));
  }

  /** Return the item of an existing folder, even if it is not in the loaded part of its level.
      @type {(path: string, parent: HTMLElement) => HTMLElement} */
  #itemOf(path, parent) {
    const found = this.#find(path);
    if (found) {
      return found;
    }
    const item = this.#item(path, nameOf(path), Number(parent.ariaLevel) + 1);
    groupOf(parent).prepend(item);
    return item;
  }

  /** @type {(item: HTMLElement, how?: { isIntermediate?: boolean, takesFocus?: boolean }) => void} */
  #select(item, { isIntermediate = false, takesFocus = true } = {}) {
    this.#isIntermediate = isIntermediate;
    const before = this.#selectedItem;
    before?.setAttribute("aria-selected", "false");
    before?.setAttribute("tabindex", "-1");
    item.setAttribute("aria-selected", "true");
    item.tabIndex = 0;
    if (takesFocus) {
      item.focus();
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Fetch a part of the level below `item` and append it.
      @type {(item: HTMLElement, after: string | null) => Promise<HTMLElement[]>} */
  async #load(item, after) {
    item.setAttribute("aria-busy", "true");
    try {
      const path = item.dataset.folder ?? "";
      const { folders, next } = await foldersOf(path, after, PAGE_SIZE);
      const level = Number(item.ariaLevel) + 1;
      const fresh = folders.filter((folder) => !this.#find(folder.path));
      const items = fresh.map((folder) => this.#item(folder.path, folder.name, level));
      groupOf(item).append(...items, ...(next ? [makeMore(next)] : []));
      return items;
    } finally {
      item.removeAttribute("aria-busy");
    }
  }

  /** @type {(failure: Error) => void} */
  #fail(failure) {
    this.dispatchEvent(new CustomEvent("fail", { detail: failure }));
  }

  /** Expand `item`; resolves to false if its level could not be fetched.
      @type {(item: HTMLElement) => Promise<boolean>} */
  async #open(item) {
    if (item.getAttribute("aria-expanded") !== "false" || item.hasAttribute("aria-busy")) {
      return true;
    }
    const group = groupOf(item);
    if (!group.childElementCount) {
      try {
        await this.#load(item, null);
      } catch (failure) {
        this.#fail(failure);
        return false;
      }
    }
    const isLeaf = !group.childElementCount;
    group.hidden = isLeaf;
    item.ariaExpanded = isLeaf ? null : "true";
    item.classList.toggle("is-leaf", isLeaf);
    return true;
  }

  /** @type {(item: HTMLElement) => void} */
  #close(item) {
    item.ariaExpanded = "false";
    groupOf(item).hidden = true;
  }

  /** Replace a "more" line by the next part of its level.
      @type {(line: HTMLElement) => Promise<void>} */
  async #more(line) {
    const parent = parentItem(line) ?? this.#root;
    try {
      const items = await this.#load(parent, line.dataset.after ?? null);
      line.remove();
      if (items.length) {
        this.#select(items[0]);
      } else {
        this.focus();
      }
    } catch (failure) {
      this.#fail(failure);
    }
  }

  /** @type {(event: MouseEvent) => void} */
  #click(event) {
    const item = around(event, "[role=treeitem]");
    if (!item) {
      return;
    }
    if (item.dataset.after) {
      this.#more(item);
    } else if (around(event, ".tree-line > :first-child", SVGElement) && isOpen(item)) {
      this.#close(item);
      if (!this.#selectedItem?.checkVisibility()) {
        this.#select(item);
      }
    } else {
      this.#select(item);
      this.#open(item);
    }
  }

  get #visible() {
    return parts(this.#root, "[role=treeitem]").filter((item) => !item.closest("[hidden]"));
  }

  /** @type {(item: HTMLElement | null | undefined) => void} */
  #goTo(item) {
    if (item?.dataset.after) {
      // A "more" line, which cannot be selected.
      item.focus();
    } else if (item) {
      this.#select(item);
    }
  }

  /** Return what the keys do for the focused item.
      @type {(item: HTMLElement) => Record<string, () => unknown>} */
  #keys(item) {
    const all = this.#visible;
    /** @type {(step: number) => () => void} */
    const beside = (step) => () => this.#goTo(all[all.indexOf(item) + step]);
    const isMore = Boolean(item.dataset.after);
    return {
      ArrowDown: beside(1),
      ArrowUp: beside(-1),
      Home: () => this.#goTo(all[0]),
      End: () => this.#goTo(all.at(-1)),
      ArrowRight: () => (isOpen(item) ? this.#goTo(parts(groupOf(item), ":scope > *")[0]) : this.#open(item)),
      ArrowLeft: () => (isOpen(item) ? this.#close(item) : this.#goTo(parentItem(item))),
      Enter: () => (isMore ? this.#more(item) : this.dispatchEvent(new Event("accept"))),
      " ": () => (isMore ? this.#more(item) : this.#open(item)),
    };
  }

  /** @type {(event: KeyboardEvent) => void} */
  #press(event) {
    const item = around(event, "[role=treeitem]");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const act = this.#keys(item)[event.key];
    if (act) {
      event.preventDefault();
      act();
    } else if (event.key.length === 1) {
      this.#type(event, item);
    }
  }

  /** Move to the next folder whose name starts with the typed letters.
      @type {(event: KeyboardEvent, item: HTMLElement) => void} */
  #type({ key, timeStamp }, item) {
    const isNew = timeStamp - this.#typed.at > TYPING_MS;
    const letters = (isNew ? "" : this.#typed.letters) + key.toLocaleLowerCase();
    this.#typed = { letters, at: timeStamp };
    const all = this.#visible.filter((each) => !each.dataset.after);
    const start = all.indexOf(item) + (letters.length === 1 ? 1 : 0);
    const inOrder = [...all.slice(start), ...all.slice(0, start)];
    this.#goTo(inOrder.find((each) => each.ariaLabel?.toLocaleLowerCase().startsWith(letters)));
  }
}
