/* A tree of folders, a level fetched when it is opened, walked by arrows, Home, End and the first
   letters of names. The folder with the focus is the chosen one.

   Says `choose` when another folder is chosen, `accept` on Enter, `fail` with a `failure`.

   Rule: knows folders by their paths and nothing of what they are wanted for. */

import { entryWithin, nameOf } from "../core/paths.js";
import { text } from "../core/texts.js";
import { icon } from "../ui/icons.js";
import { foldersOf } from "./changes.js";

// Of a level at a time; whoever has more than this asks for more.
const AT_ONCE = 100;
// Letters typed within this time belong to one name.
const TYPING_MS = 700;

const groupOf = (item) => item.querySelector(":scope > [role=group]");
const isOpen = (item) => item.getAttribute("aria-expanded") === "true";
const parentItem = (item) => item.parentElement.closest("[role=treeitem]");

export class FolderTree extends EventTarget {
  #root;
  #isClosed;
  #typed = { letters: "", at: 0 };
  #isOnTheWay = false;

  /** `isClosed(path)` tells which folders cannot be opened. */
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
    return this.#chosenItem.dataset.folder;
  }

  /** Whether the chosen folder is only one on the way to the wanted one, and nobody has chosen it. */
  get isOnTheWay() {
    return this.#isOnTheWay;
  }

  get #chosenItem() {
    return this.#root.querySelector('[aria-selected="true"]');
  }

  /** Show the way down to the folder at `path` and choose it. */
  start(path) {
    const top = this.#makeItem("", text("your-files"), 1);
    this.#root.append(top);
    return this.#goDown(top, path);
  }

  /** Show a folder that has just been made in the chosen one, and choose it. */
  add(path) {
    const item = this.#chosenItem;
    if (!isOpen(item)) {
      item.ariaExpanded = "false";
    }
    return this.#goDown(item, path);
  }

  async #goDown(from, path) {
    for (let item = from; item; ) {
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
      const next = isOpen(item) ? entryWithin(item.dataset.folder, path) : null;
      item = next === null ? null : this.#itemOf(next, item);
    }
    if (this.#isOnTheWay) {
      // The wanted one is gone, so the way ends here.
      this.#choose(this.#chosenItem, { takesFocus: false });
    }
  }

  focus() {
    this.#chosenItem.focus();
  }

  #find(path) {
    return this.#root.querySelector(`[data-folder="${CSS.escape(path)}"]`);
  }

  /** Return the item of a folder that is there, even if it is not on the part of its level that was loaded. */
  #itemOf(path, parent) {
    const found = this.#find(path);
    if (found) {
      return found;
    }
    const item = this.#makeItem(path, nameOf(path), Number(parent.ariaLevel) + 1);
    groupOf(parent).prepend(item);
    return item;
  }

  #makeItem(path, name, level) {
    const item = document.createElement("li");
    item.role = "treeitem";
    item.tabIndex = -1;
    item.dataset.folder = path;
    item.ariaLabel = name;
    item.ariaLevel = level;
    item.ariaSelected = "false";
    const line = document.createElement("div");
    line.className = "tree-line";
    line.title = name;
    line.append(icon("chevron-right"), icon("folder"), document.createElement("bdi"));
    line.lastChild.textContent = name;
    const group = document.createElement("ul");
    group.role = "group";
    group.hidden = true;
    item.append(line, group);
    if (this.#isClosed(path)) {
      item.ariaDisabled = "true";
    } else {
      item.ariaExpanded = "false";
    }
    return item;
  }

  #makeMore(after) {
    const item = document.createElement("li");
    item.role = "treeitem";
    item.tabIndex = -1;
    item.className = "tree-more";
    item.dataset.after = after;
    item.textContent = text("show-more");
    return item;
  }

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

  /** Fetch a part of the level below `item`, and append it. */
  async #load(item, after) {
    item.setAttribute("aria-busy", "true");
    try {
      const path = item.dataset.folder;
      const { folders, next } = await foldersOf(path, after, AT_ONCE);
      const level = Number(item.ariaLevel) + 1;
      const fresh = folders.filter((folder) => !this.#find(folder.path));
      const items = fresh.map((folder) => this.#makeItem(folder.path, folder.name, level));
      groupOf(item).append(...items, ...(next ? [this.#makeMore(next)] : []));
      return items;
    } finally {
      item.removeAttribute("aria-busy");
    }
  }

  #fail(failure) {
    this.dispatchEvent(Object.assign(new Event("fail"), { failure }));
  }

  /** Open the level below `item` if it is closed; resolves to false when that could not be fetched. */
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

  #close(item) {
    item.ariaExpanded = "false";
    groupOf(item).hidden = true;
  }

  /** Load the next part of a level in place of the line that offers it. */
  async #more(line) {
    const parent = parentItem(line);
    try {
      const items = await this.#load(parent, line.dataset.after);
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

  #click({ target }) {
    const item = target.closest("[role=treeitem]");
    if (!item) {
      return;
    }
    if (item.dataset.after) {
      this.#more(item);
    } else if (target.closest(".tree-line > :first-child") && isOpen(item)) {
      this.#close(item);
      if (!this.#chosenItem.checkVisibility()) {
        this.#choose(item);
      }
    } else {
      this.#choose(item);
      this.#open(item);
    }
  }

  get #visible() {
    return [...this.#root.querySelectorAll("[role=treeitem]")].filter((item) => !item.closest("[hidden]"));
  }

  #goTo(item) {
    if (item?.dataset.after) {
      // Offers more, and is no folder to choose.
      item.focus();
    } else if (item) {
      this.#choose(item);
    }
  }

  /** Return what a key does to the item with the focus. */
  #keys(item) {
    const all = this.#visible;
    const beside = (step) => () => this.#goTo(all[all.indexOf(item) + step]);
    const isMore = Boolean(item.dataset.after);
    return {
      ArrowDown: beside(1),
      ArrowUp: beside(-1),
      Home: () => this.#goTo(all[0]),
      End: () => this.#goTo(all.at(-1)),
      ArrowRight: () => (isOpen(item) ? this.#goTo(groupOf(item).firstElementChild) : this.#open(item)),
      ArrowLeft: () => (isOpen(item) ? this.#close(item) : this.#goTo(parentItem(item))),
      Enter: () => (isMore ? this.#more(item) : this.dispatchEvent(new Event("accept"))),
      " ": () => (isMore ? this.#more(item) : this.#open(item)),
    };
  }

  #press(event) {
    const item = event.target.closest("[role=treeitem]");
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

  /** Go to the next folder whose name begins with what is being typed. */
  #type({ key, timeStamp }, item) {
    const isNew = timeStamp - this.#typed.at > TYPING_MS;
    const letters = (isNew ? "" : this.#typed.letters) + key.toLocaleLowerCase();
    this.#typed = { letters, at: timeStamp };
    const all = this.#visible.filter((each) => !each.dataset.after);
    const start = all.indexOf(item) + (letters.length === 1 ? 1 : 0);
    const inOrder = [...all.slice(start), ...all.slice(0, start)];
    this.#goTo(inOrder.find((each) => each.ariaLabel.toLocaleLowerCase().startsWith(letters)));
  }
}
