/* Renaming in place: the name becomes a field, and its row takes its new place in the order.

   Enter and leaving the field keep what was typed, Escape does not. What the server refuses is said at
   the field, with what was typed still in it.

   Rule: one name at a time. */

import { part } from "../core/dom.js";
import { root, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { focusOn } from "../list/focus.js";
import { keyOf, rowOf } from "../list/list.js";
import { refresh } from "../list/refresh.js";
import { lost } from "../list/updates.js";
import { renewing } from "../session/renewing.js";
import { icon } from "../ui/icons.js";
import { warn } from "../ui/toasts.js";
import { remember } from "./undo.js";

/** @import { Selection } from "../list/selection.js" */
/** @import { Entry } from "../list/list.js" */
/** @import { Context } from "./perform.js" */

/** What an entry is called, and where it is.
    @typedef {{ path: string, name: string }} Named */

/** An entry whose row shows.
    @typedef {Entry & { row: HTMLElement }} Shown */

// "report.pdf" and "backup.tar.gz": what says the kind of a file is seldom what shall change.
const STEM = /^(.+?)(?:\.tar)?\.[^.\s]+$/;

/** @type {(entry: Entry) => string} */
const stemOf = ({ name, kind }) => (kind === "file" ? (STEM.exec(name)?.[1] ?? name) : name);

/** Give what is at `path` another name in its folder; a move could lead into a folder of that name.
    @type {(path: string, name: string) => Promise<Named>} */
async function renamePath(path, name) {
  const response = await renewing(() =>
    send("POST", `${root}index/rename`, new URLSearchParams({ path, name })),
  );
  return response.json();
}

/** Draw the row of what was at `path` anew, as what is at `now.path`, where that belongs.
    @type {(path: string, now: Named) => Promise<void>} */
async function redraw(path, now) {
  const row = rowOf(path);
  if (!row) {
    return;
  }
  // The list takes it for an entry that has changed, and finds its place.
  row.dataset.path = now.path;
  row.dataset.name = now.name;
  await refresh([now.path]);
}

/** @type {(entry: Entry, now: Named) => void} */
function offerUndo(entry, now) {
  remember(text("renamed", { old: entry.name, new: now.name }), async () => {
    const back = await renamePath(now.path, entry.name);
    await redraw(now.path, back).catch(lost);
  });
}

/** @type {(entry: Entry) => { form: HTMLFormElement, field: HTMLInputElement, error: HTMLElement }} */
function fieldOf(entry) {
  const form = document.createElement("form");
  form.className = "rename";
  const field = document.createElement("input");
  field.className = "form-control";
  field.value = entry.name;
  field.autocomplete = "off";
  field.spellcheck = false;
  field.setAttribute("aria-label", text("rename-one", entry));
  const error = document.createElement("p");
  error.className = "field-error";
  error.id = "rename-error";
  error.setAttribute("role", "alert");
  error.hidden = true;
  error.append(icon("circle-alert"), document.createElement("span"));
  form.append(field, error);
  return { form, field, error };
}

class Renaming {
  /** @param {Shown} entry
      @param {Selection} selection */
  constructor(entry, selection) {
    this.entry = entry;
    this.selection = selection;
    this.link = part(entry.row, ".name");
    this.isSending = false;
    this.isClosed = false;
    const { form, field, error } = fieldOf(entry);
    this.form = form;
    this.field = field;
    this.error = error;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.commit({ keepsFocus: true });
    });
    this.field.addEventListener("keydown", (event) => this.listen(event));
    this.field.addEventListener("input", () => this.explain(""));
    this.field.addEventListener("blur", () => this.leave());
  }

  open() {
    this.entry.row.classList.add("is-renaming");
    this.link.hidden = true;
    this.link.after(this.form);
    this.field.focus();
    this.field.setSelectionRange(0, stemOf(this.entry).length);
  }

  /** @type {(how: { keepsFocus: boolean }) => void} */
  close({ keepsFocus }) {
    this.isClosed = true;
    this.form.remove();
    this.link.hidden = false;
    this.entry.row.classList.remove("is-renaming");
    if (keepsFocus && this.entry.row.isConnected) {
      focusOn(this.entry.row);
    }
  }

  /** Leave the name as it is; what became of the row meanwhile shows now.
      @type {(how: { keepsFocus: boolean }) => void} */
  giveUp({ keepsFocus }) {
    const { row } = this.entry;
    this.close({ keepsFocus });
    if (row.classList.contains("is-outdated")) {
      refresh([keyOf(row)]).catch(lost);
    }
  }

  /** @type {(event: KeyboardEvent) => void} */
  listen(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      this.giveUp({ keepsFocus: true });
    }
  }

  /** Whoever only looks at another window has not left. */
  leave() {
    if (document.hasFocus() && this.form.isConnected && !this.isClosed) {
      this.commit({ keepsFocus: false });
    }
  }

  /** @type {(message: string) => void} */
  explain(message) {
    this.error.hidden = !message;
    part(this.error, "span").textContent = message;
    this.field.classList.toggle("is-invalid", Boolean(message));
    this.field.setAttribute("aria-invalid", String(Boolean(message)));
    this.field.setAttribute("aria-describedby", message ? this.error.id : "");
  }

  /** @type {(how: { keepsFocus: boolean }) => Promise<void>} */
  async commit({ keepsFocus }) {
    const { value } = this.field;
    if (this.isSending) {
      return;
    }
    if (value === this.entry.name || !value.trim()) {
      this.giveUp({ keepsFocus });
      return;
    }
    this.isSending = true;
    this.field.readOnly = true;
    try {
      const now = await renamePath(this.entry.path, value);
      // Who has gone on to something else meanwhile stays there.
      this.close({ keepsFocus: keepsFocus && this.form.contains(document.activeElement) });
      await this.show(now).catch(lost);
    } catch (failure) {
      this.refuse(failure);
    } finally {
      this.isSending = false;
      this.field.readOnly = false;
    }
  }

  /** Say why not where it was typed; a field that is gone by now cannot say it.
      @type {(failure: Error) => void} */
  refuse(failure) {
    if (this.isClosed) {
      warn(failure.message);
    } else {
      this.explain(failure.message);
    }
  }

  /** @type {(now: Named) => Promise<void>} */
  async show(now) {
    const wasChosen = this.selection.has(keyOf(this.entry.row));
    offerUndo(this.entry, now);
    await redraw(this.entry.path, now);
    if (wasChosen && rowOf(now.path)) {
      this.selection.toggle(now.path, true);
    }
  }
}

/** @type {Renaming | null} */
let open = null;

/** Let `entry` be renamed in its row.
    @type {(entry: Entry, context: Pick<Context, "selection">) => void} */
export function rename(entry, { selection }) {
  if (open && !open.isClosed) {
    open.giveUp({ keepsFocus: false });
  }
  // Since it was asked, the row may have been drawn anew, or its entry may have gone.
  const row = entry.row?.isConnected ? entry.row : rowOf(entry.path);
  if (row) {
    open = new Renaming({ ...entry, row }, selection);
    open.open();
  }
}
