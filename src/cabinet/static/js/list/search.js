/* Searching while one types: what is found shows in place of the list, and the address follows.

   Rule: the form is a form; this only sends it sooner. The field keeps the focus and what is in it. */

import { byId, fieldsOf } from "../core/dom.js";
import { number } from "../core/format.js";
import { root } from "../core/http.js";
import { countText } from "../core/texts.js";
import { announce } from "../ui/toasts.js";
import { focusable, rowCount } from "./list.js";
import { enterAt, goTo, show, stay } from "./navigation.js";

// A pause in typing that is worth a question.
const PAUSE_MS = 200;

const form = byId("search", HTMLFormElement);
const field = byId("search-input", HTMLInputElement);

let timer = 0;

// By the address: while one comes back, what was found still shows.
const isSearching = () => location.pathname === new URL(form.action).pathname;

/** Return the address of what the form asks for. */
function addressOf() {
  const asked = [...fieldsOf(form)].filter(([, value]) => value);
  return `${form.action}?${new URLSearchParams(asked)}`;
}

/** Return the address of the folder that the search began in. */
function wayBack() {
  const sent = fieldsOf(form);
  const path = sent.get("path") || sent.get("from");
  return `${root}index${path ? `?${new URLSearchParams({ path })}` : ""}`;
}

/** Show what is found, and put the focus on the first hit if `isSent`.
    @type {(isSent: boolean) => Promise<void>} */
async function search(isSent) {
  clearTimeout(timer);
  const url = addressOf();
  const isNew = !isSearching();
  const fresh = await show(url, {
    // The folder is one step back, whatever is typed from here on.
    enter: () => enterAt(url, isNew ? { isNew, state: { isBegun: true } } : { isNew, state: { rows: 0 } }),
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
  stay();
  if (!isSearching()) {
    return;
  }
  if (history.state?.isBegun) {
    history.back();
  } else {
    goTo(wayBack());
  }
}

/** Say how much is found: the server knew of the first page only. */
function count() {
  const found = document.getElementById("found");
  if (found) {
    const rows = rowCount();
    const key = document.getElementById("more") ? "found-so-far" : "found";
    found.textContent = countText(key, rows, { count: number(rows) });
  }
}

/** Let the field in the bar search as one types, and Escape give up. */
export function bindSearch() {
  byId("list").addEventListener("listchange", count);
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
