/* The dialog to pick the target folder of a move or copy, which can also create one.

   Rule: returns the folder; the callers do the rest. */

import { byId, part } from "../core/dom.js";
import { below } from "../core/paths.js";
import { showAdded } from "../list/updates.js";
import { stylesLoaded } from "../ui/styles.js";
import { makeFolder } from "./changes.js";
import { FolderTree } from "./folder-tree.js";

/** @typedef {(path: string) => string} ReasonAgainst */

const dialog = byId("picker", HTMLDialogElement);
/** @type {(name: string) => HTMLElement} */
const piece = (name) => byId(`picker-${name}`);

const nameField = byId("picker-name", HTMLInputElement);
const acceptButton = byId("picker-accept", HTMLButtonElement);

/** @type {(isShown: boolean) => void} */
function showNewFolder(isShown) {
  piece("new").hidden = !isShown;
  piece("add").hidden = isShown;
  nameField.value = "";
  piece("error").hidden = true;
  if (isShown) {
    nameField.focus();
  }
}

/** @type {(message: string) => void} */
function showError(message) {
  const error = piece("error");
  part(error, "span").textContent = message;
  error.hidden = !message;
}

/** Create a folder with the name in the field, in the selected one.
    @type {(tree: FolderTree) => Promise<void>} */
async function addFolder(tree) {
  const name = nameField.value;
  if (!name) {
    nameField.focus();
    return;
  }
  try {
    const { path } = await makeFolder(below(tree.selected, name));
    showNewFolder(false);
    await tree.add(path);
    await showAdded([path]);
    tree.focus();
  } catch (failure) {
    showError(failure.message);
    nameField.focus();
  }
}

/** Show whether the selected folder can be the target, and why not.
    @type {(tree: FolderTree, reasonAgainst: ReasonAgainst) => void} */
function validate(tree, reasonAgainst) {
  const reason = reasonAgainst(tree.selected);
  piece("why").textContent = reason;
  acceptButton.disabled = tree.isIntermediate || Boolean(reason);
}

/** @type {(tree: FolderTree, reasonAgainst: ReasonAgainst) => void} */
function bind(tree, reasonAgainst) {
  tree.addEventListener("change", () => validate(tree, reasonAgainst));
  tree.addEventListener("fail", (event) => {
    piece("why").textContent = /** @type {CustomEvent<Error>} */ (event).detail.message;
  });
  tree.addEventListener("accept", () => {
    if (!acceptButton.disabled) {
      dialog.close("accepted");
    }
  });
  piece("add").onclick = () => showNewFolder(true);
  piece("make").onclick = () => addFolder(tree);
  nameField.onkeydown = (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      addFolder(tree);
    } else if (event.key === "Escape") {
      // Escape closes the field, not the dialog.
      event.preventDefault();
      showNewFolder(false);
      tree.focus();
    }
  };
}

/** Ask for a folder, starting at `start`; resolves to its path, or to null. `reasonAgainst(path)` returns why a
    folder cannot be the target, "" if it can; `isClosed(path)` returns whether a folder cannot be expanded.
    @type {(asked: { title: string, label: string, start: string, reasonAgainst: ReasonAgainst, isClosed: (path: string) => boolean }) => Promise<string | null>} */
export async function pickFolder({ title, label, start, reasonAgainst, isClosed }) {
  await stylesLoaded;
  part(dialog, "h2").textContent = title;
  acceptButton.textContent = label;
  showNewFolder(false);
  dialog.returnValue = "";
  const tree = new FolderTree(piece("tree"), isClosed);
  bind(tree, reasonAgainst);
  dialog.showModal();
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", resolve, { once: true });
  });
  tree.start(start);
  await closed;
  return dialog.returnValue === "accepted" ? tree.selected : null;
}
