/* "Show more": the next page is appended in place of going there. */

import { around, byId } from "../core/dom.js";
import { isAway } from "../core/identity.js";
import { warn } from "../ui/toasts.js";
import { appendMore } from "./list.js";
import { focusable } from "./rows.js";

/** Append the next page; the focus goes to its first row.
    @type {(link: HTMLAnchorElement) => Promise<void>} */
async function showMore(link) {
  try {
    focusable(await appendMore())?.focus({ preventScroll: true });
  } catch (failure) {
    if (failure.status === 0 || isAway(failure)) {
      warn(failure.message);
    } else {
      location.assign(link.href);
    }
  }
}

/** Let a click on "Show more" append the next page. */
export function bindMore() {
  byId("list").addEventListener("click", (event) => {
    const link = around(event, "#more", HTMLAnchorElement);
    if (link) {
      event.preventDefault();
      showMore(link);
    }
  });
}
