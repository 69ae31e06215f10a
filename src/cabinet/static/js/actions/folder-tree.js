/* A tree of folders, a level fetched when it is opened, walked by arrows, Home, End and the first
   letters of names. The folder with the focus is the chosen one.

   Says `choose` when another folder is chosen, `accept` on Enter, `fail` with a `failure`.

   Rule: knows folders by their paths and nothing of what they are wanted for. */

import { around, parts } from "../core/dom.js";
import { entryWithin, nameOf } from "../core/paths.js";
import { text } from "../core/texts.js";
import { foldersOf } from "./changes.js";
import { groupOf, isOpen, makeItem, makeMore, parentItem } from "./folder-items.js";

// Of a level at a time; whoever has more than this asks for more.
const AT_ONCE = 100;
// Letters typed within this time belong to one name.
const TYPING_MS = 700;

export class FolderTree extends EventTarget {
  #root;
  #isClosed;
  #typed = { letters: "", at: 0 };
  #isOnTheWay = false;

  /** `isClosed(path)` tells which folders cannot be opened.
      @param {HTMLElement} root
      @param {(path: string) => boolean} isClosed */
  constructor(root, isClosed) {
    super();
    this.#root = root;
    this.#isClosed = isClosed;
    root.replaceChildren();
    root.onclick = (event) => this.#click(event);
    root.onkeydown = (event) => this.#press(event);
    root.onfocus = () => this.#chosenItem?.focus();
  }

  /** The path of the chosen folder. */
  get chosen() {
    return this.#chosenItem?.dataset.folder ?? "";
  }

  /** Whether the chosen folder is only one on the way to the wanted one, and nobody has chosen it. */
  get isOnTheWay() {
    return this.#isOnTheWay;
  }

  /** @type {HTMLElement | null} */
  get #chosenItem() {
    return this.#root.querySelector('[aria-selected="true"]');
  }

  /** Show the way down to the folder at `path` and choose it.
      @type {(path: string) => Promise<void>} */
  start(path) {
    const top = this.#item("", text("your-files"), 1);
    this.#root.append(top);
    return this.#goDown(top, path);
  }

  /** Show a folder that has just been made in the chosen one, and choose it.
      @type {(path: string) => Promise<void>} */
  add(path) {
    const item = this.#chosenItem ?? this.#root;
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
      this.#choose(item, {
        isOnTheWay: item.dataset.folder !== path,
        // Who writes the name of a new folder meanwhile goes on writing.
        takesFocus: item === from || this.#root.contains(document.activeElement),
      });
      const isKnown = await this.#open(item);
      if (this.#chosenItem !== item || !isKnown) {
        // Somebody has chosen another one meanwhile, or will have to.
        return;
      }
      /** @type {string | null} */
      const next = isOpen(item) ? entryWithin(item.dataset.folder ?? "", path) : null;
      item = next === null ? null : this.#itemOf(next, item);
    }
    if (this.#isOnTheWay && this.#chosenItem) {
      // The wanted one is gone, so the way ends here.
      this.#choose(this.#chosenItem, { takesFocus: false });
    }
  }

  focus() {
    this.#chosenItem?.focus();
  }

  /** @type {(path: string) => HTMLElement | null} */
  #find(path) {
    return this.#root.querySelector(`[data-folder="${CSS.escape(path)}"]`);
  }

  /** @type {(path: string, name: string, level: number) => HTMLElement} */
  #item(path, name, level) {
    return makeItem(path, name, level, this.#isClosed(path));
  }

  /** Return the item of a folder that is there, even if it is not on the part of its level that was loaded.
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

  /** @type {(item: HTMLElement, how?: { isOnTheWay?: boolean, takesFocus?: boolean }) => void} */
  #choose(item, { isOnTheWay = false, takesFocus = true } = {}) {
    this.#isOnTheWay = isOnTheWay;
    const before = this.#chosenItem;
    before?.setAttribute("aria-selected", "false");
    before?.setAttribute("tabindex", "-1");
    item.setAttribute("aria-selected", "true");
    item.tabIndex = 0;
    if (takesFocus) {
      item.focus();
    }
    this.dispatchEvent(new Event("choose"));
  }

  /** Fetch a part of the level below `item`, and append it.
      @type {(item: HTMLElement, after: string | null) => Promise<HTMLElement[]>} */
  async #load(item, after) {
    item.setAttribute("aria-busy", "true");
    try {
      const path = item.dataset.folder ?? "";
      const { folders, next } = await foldersOf(path, after, AT_ONCE);
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

  /** Open the level below `item` if it is closed; resolves to false when that could not be fetched.
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

  /** Load the next part of a level in place of the line that offers it.
      @type {(line: HTMLElement) => Promise<void>} */
  async #more(line) {
    const parent = parentItem(line) ?? this.#root;
    try {
      const items = await this.#load(parent, line.dataset.after ?? null);
      line.remove();
      if (items.length) {
        this.#choose(items[0]);
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
      if (!this.#chosenItem?.checkVisibility()) {
        this.#choose(item);
      }
    } else {
      this.#choose(item);
      this.#open(item);
    }
  }

  get #visible() {
    return parts(this.#root, "[role=treeitem]").filter((item) => !item.closest("[hidden]"));
  }

  /** @type {(item: HTMLElement | null | undefined) => void} */
  #goTo(item) {
    if (item?.dataset.after) {
      // Offers more, and is no folder to choose.
      item.focus();
    } else if (item) {
      this.#choose(item);
    }
  }

  /** Return what a key does to the item with the focus.
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

  /** Go to the next folder whose name begins with what is being typed.
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
