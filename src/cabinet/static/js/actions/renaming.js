/* Inline renaming: the name becomes a text field.

   Enter and leaving the field save the name, Escape discards it. An error of the server is shown at the field, which
   keeps its text.

   Rule: one name at a time. */

import { part } from "../core/dom.js";
import { base, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { focusOn } from "../list/focus.js";
import { refresh, renameRow, rowOf } from "../list/list.js";
import { keyOf } from "../list/rows.js";
import { reportFailure } from "../list/updates.js";
import { withSession } from "../session/with-session.js";
import { icon } from "../ui/icons.js";
import { warn } from "../ui/toasts.js";
import { pushUndo } from "./undo.js";

/** @import { Selection } from "../list/selection.js" */
/** @import { Entry } from "../list/rows.js" */
/** @import { Context } from "./perform.js" */

/** A name and its path.
    @typedef {{ path: string, name: string }} Named */

/** An entry with a visible row.
    @typedef {Entry & { row: HTMLElement }} Shown */

// "report.pdf" and "backup.tar.gz": the extension is not selected, because it rarely changes.
const STEM = /^(.+?)(?:\.tar)?\.[^.\s]+$/;

/** @type {(entry: Entry) => string} */
const stemOf = ({ name, kind }) => (kind === "file" ? (STEM.exec(name)?.[1] ?? name) : name);

/** Rename the entry at `path` within its folder; a move could end up inside a folder with the new name.
    @type {(path: string, name: string) => Promise<Named>} */
async function renamePath(path, name) {
  const response = await withSession(() =>
    send("POST", `${base}index/rename`, new URLSearchParams({ path, name })),
  );
  return response.json();
}

/** @type {(entry: Entry, now: Named) => void} */
function offerUndo(entry, now) {
  pushUndo("rename", text("renamed", { old: entry.name, new: now.name }), async () => {
    const back = await renamePath(now.path, entry.name);
    await renameRow(now.path, back).catch(reportFailure);
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
    this.field.addEventListener("keydown", (event) => this.handleKey(event));
    this.field.addEventListener("input", () => this.showError(""));
    this.field.addEventListener("blur", () => this.handleBlur());
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

  /** Keep the old name, and redraw the row if it is outdated.
      @type {(how: { keepsFocus: boolean }) => void} */
  cancel({ keepsFocus }) {
    const { row } = this.entry;
    this.close({ keepsFocus });
    if (row.classList.contains("is-outdated")) {
      refresh([keyOf(row)]).catch(reportFailure);
    }
  }

  /** @type {(event: KeyboardEvent) => void} */
  handleKey(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      this.cancel({ keepsFocus: true });
    }
  }

  /** Save on blur, unless another window has got the focus. */
  handleBlur() {
    if (document.hasFocus() && this.form.isConnected && !this.isClosed) {
      this.commit({ keepsFocus: false });
    }
  }

  /** @type {(message: string) => void} */
  showError(message) {
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
      this.cancel({ keepsFocus });
      return;
    }
    this.isSending = true;
    this.field.readOnly = true;
    try {
      const now = await renamePath(this.entry.path, value);
      // The focus stays where the user has moved it meanwhile.
      this.close({ keepsFocus: keepsFocus && this.form.contains(document.activeElement) });
      await this.show(now).catch(reportFailure);
    } catch (failure) {
      this.showFailure(failure);
    } finally {
      this.isSending = false;
      this.field.readOnly = false;
    }
  }

  /** Show the error at the field, or in a toast if the field is gone.
      @type {(failure: Error) => void} */
  showFailure(failure) {
    if (this.isClosed) {
      warn(failure.message);
    } else {
      this.showError(failure.message);
    }
  }

  /** @type {(now: Named) => Promise<void>} */
  async show(now) {
    const wasSelected = this.selection.has(keyOf(this.entry.row));
    offerUndo(this.entry, now);
    await renameRow(this.entry.path, now);
    if (wasSelected && rowOf(now.path)) {
      this.selection.toggle(now.path, true);
    }
  }
}

/** @type {Renaming | null} */
let open = null;

/** Edit the name of `entry` in its row.
    @type {(entry: Entry, context: Pick<Context, "selection">) => void} */
export function rename(entry, { selection }) {
  if (open && !open.isClosed) {
    open.cancel({ keepsFocus: false });
  }
  // The row may have been redrawn or removed since the action was chosen.
  const row = entry.row?.isConnected ? entry.row : rowOf(entry.path);
  if (row) {
    open = new Renaming({ ...entry, row }, selection);
    open.open();
  }
}
