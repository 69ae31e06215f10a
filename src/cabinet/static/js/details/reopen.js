/* Reopens the details panel on a page that was left with it open. */

import { wasOpen } from "./open-state.js";

/** @import { Context } from "../actions/perform.js" */

/** Open the panel if it was open before; `contextOf()` returns the context of actions.
    @type {(contextOf: () => Context) => Promise<void>} */
export async function bindDetails(contextOf) {
  if (wasOpen()) {
    // The page works without it: it may be left, or lose the connection, before this has loaded.
    const part = await import("./details.js").catch(() => null);
    await part?.reopenDetails(contextOf());
  }
}
