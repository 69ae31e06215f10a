/* Search as you type: the results replace the list, and the address follows.

   Rule: the form also works without this, which only sends it sooner. The field keeps the focus and its text. */

import { byId, fieldsOf } from "../core/dom.js";
import { folderPage } from "../core/identity.js";
import { announce } from "../ui/toasts.js";
import { cancelNavigation, navigateTo, setAddress, showPage } from "./navigation.js";
import { focusable } from "./rows.js";

// A pause in typing after which the search is sent.
const PAUSE_MS = 200;

const form = byId("search", HTMLFormElement);
const field = byId("search-input", HTMLInputElement);

let timer = 0;

// By the address: after Back, the results still show until the list is loaded.
const isSearching = () => location.pathname === new URL(form.action).pathname;

/** Return the address of the search. */
function searchUrl() {
  const asked = [...fieldsOf(form)].filter(([, value]) => value);
  return `${form.action}?${new URLSearchParams(asked)}`;
}

/** Return the address of the folder that the search began in. */
function folderUrl() {
  const sent = fieldsOf(form);
  const path = sent.get("path") || sent.get("from");
  return folderPage(path ?? "");
}

/** Show the results; the focus goes to the first of them if the form was sent (`isSent`).
    @type {(isSent: boolean) => Promise<void>} */
async function search(isSent) {
  clearTimeout(timer);
  const url = searchUrl();
  const isNew = !isSearching();
  const fresh = await showPage(url, {
    // One entry of the history for all that is typed: the folder is one step back.
    enter: () => setAddress(url, isNew ? { isNew, state: { isBegun: true } } : { isNew, state: { rows: 0 } }),
    settle: () => scrollTo({ top: 0, behavior: "instant" }),
    isTyped: true,
  });
  if (fresh) {
    announce(document.querySelector("#found, #list .empty h2")?.textContent ?? "");
    if (isSent) {
      focusable(document.getElementById("rows"))?.focus();
    }
  }
}

/** Go back to the list that the search began in. */
function leave() {
  clearTimeout(timer);
  cancelNavigation();
  if (!isSearching()) {
    return;
  }
  if (history.state?.isBegun) {
    history.back();
  } else {
    navigateTo(folderUrl());
  }
}

/** Let the field in the bar search as one types, and Escape end the search. */
export function bindSearch() {
  field.addEventListener("input", (event) => {
    const { isComposing } = /** @type {InputEvent} */ (event);
    clearTimeout(timer);
    if (!field.value.trim()) {
      leave();
    } else if (!isComposing) {
      timer = setTimeout(() => search(false), PAUSE_MS);
    }
  });
  field.addEventListener("compositionend", () => field.dispatchEvent(new Event("input")));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && (field.value || isSearching())) {
      event.preventDefault();
      field.value = "";
      field.blur();
      leave();
    }
  });
  form.addEventListener("submit", (event) => {
    if (field.value.trim()) {
      event.preventDefault();
      search(true);
    }
  });
}
