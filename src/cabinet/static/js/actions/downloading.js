/* Downloads: one entry directly, several as an archive. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { base, downloadUrl, Failure, ownUrl, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { model } from "../list/list.js";
import { reportFailure } from "../list/updates.js";
import { renewToken } from "../session/signin.js";
import { withSession } from "../session/with-session.js";
import { warn } from "../ui/toasts.js";
import { lookUp } from "./changes.js";
import { post } from "./zip-form.js";

/** @import { Entries } from "../list/selection.js" */
/** @import { Entry } from "../list/rows.js" */
/** @import { Context } from "./perform.js" */

// The server's limit for an archive of named entries.
const MAX_NAMED = 1000;
// Proxies may reject longer addresses; a form is posted instead.
const MAX_ADDRESS_LENGTH = 2000;

/** Download `url` with a valid session, without the browser's "leave page?" question. Raises `Failure` if it is
    refused, which the page would not notice otherwise.
    @type {(url: string) => Promise<void>} */
export async function fetchFrom(url) {
  await withSession(() => send("GET", `${base}me`));
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

/** Raise `Failure` unless all of `entries` exist: the answer to a form cannot be read.
    @type {(entries: Entry[]) => Promise<void>} */
async function expectAll(entries) {
  const found = await lookUp(entries.map(({ path }) => path));
  const missing = entries.find((_, index) => !found[index]);
  if (missing) {
    throw new Failure(404, text("gone", { path: missing.path }));
  }
}

/** Download one entry (a folder as an archive), or several as one archive.
    @type {(entries: Entries, context: Pick<Context, "place" | "folder">) => Promise<void>} */
export async function download(entries, { place, folder }) {
  if (entries.everything) {
    await (await import("./everything.js")).downloadEverything(entries);
    return;
  }
  const isWhole = place === "folder" && !model.more;
  if (entries.length === 1) {
    await fetchFrom(downloadUrl(entries[0].path));
    return;
  }
  const query = entries.map(({ path }) => `path=${encodeURIComponent(path)}`).join("&");
  if (query.length < MAX_ADDRESS_LENGTH) {
    await fetchFrom(`${ownUrl(`${base}zip`)}&${query}`);
  } else if (entries.length <= MAX_NAMED) {
    try {
      await expectAll(entries);
      // The form carries the CSRF token, and cannot be retried.
      await withSession(renewToken);
      post(byId("selection", HTMLFormElement));
    } catch (failure) {
      reportFailure(failure);
    }
  } else if (isWhole && entries.length === model.rows.length) {
    await fetchFrom(folder ? downloadUrl(folder) : ownUrl(`${base}zip`, { path: "" }));
  } else {
    warn(text("too-many-to-zip", { count: number(MAX_NAMED) }));
  }
}
