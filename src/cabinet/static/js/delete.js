/* Deleting without leaving the page: ask, send, take the row away, go on with the next. */

import { contentUrl, send } from "./http.js";
import { remove } from "./list.js";
import { say, warn } from "./toasts.js";
import { text } from "./texts.js";

const dialog = document.getElementById("confirm");

/** Ask about `row`; resolves to whether it shall go. The browser gives the focus back. */
function confirm({ name, kind }) {
  dialog.querySelector("#confirm-title").textContent = text("delete-title", { name });
  dialog.querySelector("#confirm-text").textContent = text(`delete-${kind}`);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirmed"), { once: true });
  });
}

async function removeEntry(row) {
  const { name, path } = row.dataset;
  if (!(await confirm(row.dataset))) {
    return;
  }
  row.setAttribute("aria-busy", "true");
  try {
    await send("DELETE", contentUrl(path));
  } catch (failure) {
    row.removeAttribute("aria-busy");
    warn(failure.message);
    return;
  }
  say(text("deleted", { name }));
  await remove(row);
}

export function bindDelete() {
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".delete-form")) {
      event.preventDefault();
      removeEntry(event.target.closest("[data-path]")).catch(() => location.reload());
    }
  });
}
