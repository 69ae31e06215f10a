/* The details panel on a page that one comes to with it open. */

import { wasOpen } from "./kept.js";

/** @import { Context } from "../actions/perform.js" */

/** Open the panel where it was open before; `contextOf()` gives what actions are told.
    @type {(contextOf: () => Context) => Promise<void>} */
export async function bindDetails(contextOf) {
  if (wasOpen()) {
    // Without it the page is whole: it may be left, or lose its line, before this has come.
    const part = await import("./details.js").catch(() => null);
    await part?.reopenDetails(contextOf());
  }
}
