/* The dialog in which a folder is chosen to move or copy to, and made if there is none for it.

   Rule: says where; what goes there is its callers' business. */

import { below } from "../core/paths.js";
import { arrived } from "../list/updates.js";
import { styled } from "../ui/styles.js";
import { makeFolder } from "./changes.js";
import { FolderTree } from "./folder-tree.js";

const dialog = document.getElementById("picker");
const find = (name) => dialog.querySelector(`#picker-${name}`);

function showNewFolder(isShown) {
  find("new").hidden = !isShown;
  find("add").hidden = isShown;
  find("name").value = "";
  find("error").hidden = true;
  if (isShown) {
    find("name").focus();
  }
}

function explain(message) {
  const error = find("error");
  error.querySelector("span").textContent = message;
  error.hidden = !message;
}

/** Make a folder of the name in the field, in the chosen one. */
async function addFolder(tree) {
  const name = find("name").value;
  if (!name) {
    find("name").focus();
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
    find("name").focus();
  }
}

/** Say whether the chosen folder will do, and why not. */
function judge(tree, reasonAgainst) {
  const reason = reasonAgainst(tree.chosen);
  find("why").textContent = reason;
  find("accept").disabled = tree.isOnTheWay || Boolean(reason);
}

function bind(tree, reasonAgainst) {
  tree.addEventListener("choose", () => judge(tree, reasonAgainst));
  tree.addEventListener("fail", ({ failure }) => {
    find("why").textContent = failure.message;
  });
  tree.addEventListener("accept", () => {
    if (!find("accept").disabled) {
      dialog.close("accepted");
    }
  });
  find("add").onclick = () => showNewFolder(true);
  find("make").onclick = () => addFolder(tree);
  find("name").onkeydown = (event) => {
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
    a folder will not do, "" where it will; `isClosed(path)` which folders cannot even be opened. */
export async function pickFolder({ title, label, start, reasonAgainst, isClosed }) {
  await styled;
  dialog.querySelector("h2").textContent = title;
  find("accept").textContent = label;
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
