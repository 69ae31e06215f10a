/* Requests that are sent once more when somebody had to sign in again. */

import { isAway, OTHER_SESSION } from "../core/identity.js";
import { renewToken, signedInNow } from "./signin.js";

/** Be the user of this page again, after a failure because of the session; tells whether that is so.
    @type {(failure: { status?: number, type?: string }) => Promise<boolean>} */
async function isBackAfter(failure) {
  if (failure.type !== OTHER_SESSION) {
    return isAway(failure) && signedInNow();
  }
  try {
    await renewToken();
    return true;
  } catch (later) {
    return isAway(later) && signedInNow();
  }
}

/** Return what `attempt()` returns; when the session has ended, after signing in again.
    @type {<T>(attempt: () => Promise<T>) => Promise<T>} */
export async function renewing(attempt) {
  try {
    return await attempt();
  } catch (failure) {
    if (!(await isBackAfter(failure))) {
      throw failure;
    }
    return attempt();
  }
}
