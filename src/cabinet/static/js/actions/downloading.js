/* Downloads: one entry by its link, several as an archive. */

import { byId } from "../core/dom.js";
import { number } from "../core/format.js";
import { downloadUrl, Failure, ownUrl, root, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { lost } from "../list/updates.js";
import { renewing } from "../session/renewing.js";
import { renewToken } from "../session/signin.js";
import { warn } from "../ui/toasts.js";
import { lookUp } from "./changes.js";
import { post } from "./zip-form.js";

/** @import { Entries } from "../list/selection.js" */
/** @import { Entry } from "../list/list.js" */
/** @import { Context } from "./perform.js" */

// As many as the server packs by name.
const MOST = 1000;
// Beyond this an address may be too long for what lies between; then a form posts the names.
const LONGEST_ADDRESS = 2000;

/** Fetch `url` as a download, once its user is signed in; unlike going there, that asks nobody whether to
    leave the page. Raises `Failure`: of a download that is refused, a page would hear nothing.
    @type {(url: string) => Promise<void>} */
export async function fetchFrom(url) {
  await renewing(() => send("GET", `${root}me`));
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

/** Raise `Failure` unless all of `entries` are there: to what is posted there is no answer here.
    @type {(entries: Entry[]) => Promise<void>} */
async function expectAll(entries) {
  const found = await lookUp(entries.map(({ path }) => path));
  const missing = entries.find((_, index) => !found[index]);
  if (missing) {
    throw new Failure(404, text("gone", { path: missing.path }));
  }
}

/** Download one entry (a folder comes as an archive), or the chosen ones in one archive.
    @type {(entries: Entries, context: Pick<Context, "place" | "folder">) => Promise<void>} */
export async function download(entries, { place, folder }) {
  if (entries.everything) {
    await (await import("./everything.js")).downloadEverything(entries);
    return;
  }
  const isWhole = place === "folder" && !document.getElementById("more");
  if (entries.length === 1) {
    await fetchFrom(downloadUrl(entries[0].path));
    return;
  }
  const query = entries.map(({ path }) => `path=${encodeURIComponent(path)}`).join("&");
  if (query.length < LONGEST_ADDRESS) {
    await fetchFrom(`${ownUrl(`${root}zip`)}&${query}`);
  } else if (entries.length <= MOST) {
    try {
      await expectAll(entries);
      // What is posted carries the token, and can be posted once.
      await renewing(renewToken);
      post(byId("selection", HTMLFormElement));
    } catch (failure) {
      lost(failure);
    }
  } else if (isWhole && entries.length === document.querySelectorAll("#rows [data-path]").length) {
    await fetchFrom(folder ? downloadUrl(folder) : ownUrl(`${root}zip`, { path: "" }));
  } else {
    warn(text("too-many-to-zip", { count: number(MOST) }));
  }
}
