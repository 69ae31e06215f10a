/* The link that leads to the page on which the trash is emptied asks in a dialog instead. */

import { around } from "../core/dom.js";
import { perform } from "./perform.js";

const action = { run: async () => (await import("./deleting.js")).emptyTrash() };

export function bindEmptying() {
  document.addEventListener("click", (event) => {
    if (around(event, "#empty-trash")) {
      event.preventDefault();
      perform(action);
    }
  });
}
