/* The dialog in which a folder is chosen to move or copy to, and made if there is none for it.

   Rule: says where; what goes there is its callers' business. */

import { byId, part } from "../core/dom.js";
import { below } from "../core/paths.js";
import { arrived } from "../list/updates.js";
import { styled } from "../ui/styles.js";
import { makeFolder } from "./changes.js";
import { FolderTree } from "./folder-tree.js";

/** @typedef {(path: string) => string} ReasonAgainst */

const dialog = byId("picker", HTMLDialogElement);
/** @type {(name: string) => HTMLElement} */
const find = (name) => byId(`picker-${name}`);

const nameField = byId("picker-name", HTMLInputElement);
const accept = byId("picker-accept", HTMLButtonElement);

/** @type {(isShown: boolean) => void} */
function showNewFolder(isShown) {
  find("new").hidden = !isShown;
  find("add").hidden = isShown;
  nameField.value = "";
  find("error").hidden = true;
  if (isShown) {
    nameField.focus();
  }
}

/** @type {(message: string) => void} */
function explain(message) {
  const error = find("error");
  part(error, "span").textContent = message;
  error.hidden = !message;
}

/** Make a folder of the name in the field, in the chosen one.
    @type {(tree: FolderTree) => Promise<void>} */
async function addFolder(tree) {
  const name = nameField.value;
  if (!name) {
    nameField.focus();
    return;
  }
  try {
    const { path } = await makeFolder(below(tree.chosen, name));
    showNewFolder(false);
    await tree.add(path);
    await arrived([path]);
    tree.focus();
  } catch (failure) {
    explain(failure.message);
    nameField.focus();
  }
}

/** Say whether the chosen folder will do, and why not.
    @type {(tree: FolderTree, reasonAgainst: ReasonAgainst) => void} */
function judge(tree, reasonAgainst) {
  const reason = reasonAgainst(tree.chosen);
  find("why").textContent = reason;
  accept.disabled = tree.isOnTheWay || Boolean(reason);
}

/** @type {(tree: FolderTree, reasonAgainst: ReasonAgainst) => void} */
function bind(tree, reasonAgainst) {
  tree.addEventListener("choose", () => judge(tree, reasonAgainst));
  tree.addEventListener("fail", (event) => {
    find("why").textContent = /** @type {CustomEvent<Error>} */ (event).detail.message;
  });
  tree.addEventListener("accept", () => {
    if (!accept.disabled) {
      dialog.close("accepted");
    }
  });
  find("add").onclick = () => showNewFolder(true);
  find("make").onclick = () => addFolder(tree);
  nameField.onkeydown = (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      addFolder(tree);
    } else if (event.key === "Escape") {
      // Only the field goes, not the dialog.
      event.preventDefault();
      showNewFolder(false);
      tree.focus();
    }
  };
}

/** Ask for a folder, beginning at `start`; resolves to its path, or to null. `reasonAgainst(path)` says why
    a folder will not do, "" where it will; `isClosed(path)` which folders cannot even be opened.
    @type {(asked: { title: string, label: string, start: string, reasonAgainst: ReasonAgainst, isClosed: (path: string) => boolean }) => Promise<string | null>} */
export async function pickFolder({ title, label, start, reasonAgainst, isClosed }) {
  await styled;
  part(dialog, "h2").textContent = title;
  accept.textContent = label;
  showNewFolder(false);
  dialog.returnValue = "";
  const tree = new FolderTree(find("tree"), isClosed);
  bind(tree, reasonAgainst);
  dialog.showModal();
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", resolve, { once: true });
  });
  tree.start(start);
  await closed;
  return dialog.returnValue === "accepted" ? tree.chosen : null;
}
