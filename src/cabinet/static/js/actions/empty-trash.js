/* The link to the "Empty trash" page, which opens a dialog instead. */

import { around } from "../core/dom.js";
import { perform } from "./perform.js";

const action = { run: async () => (await import("./deleting.js")).emptyTrash() };

export function bindEmptyTrash() {
  document.addEventListener("click", (event) => {
    if (around(event, "#empty-trash")) {
      event.preventDefault();
      perform(action);
    }
  });
}
