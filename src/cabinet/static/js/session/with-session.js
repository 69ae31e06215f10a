/* Retry a request after the user had to sign in again. */

import { isAway, OTHER_SESSION } from "../core/identity.js";
import { renewToken, signedInNow } from "./signin.js";

/** Restore the session after a failure that was caused by it; resolves to whether that worked.
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

/** Return the result of `attempt()`; if the session has ended, sign in again and retry once.
    @type {<T>(attempt: () => Promise<T>) => Promise<T>} */
export async function withSession(attempt) {
  try {
    return await attempt();
  } catch (failure) {
    if (!(await isBackAfter(failure))) {
      throw failure;
    }
    return attempt();
  }
}
