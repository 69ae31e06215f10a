/* A look at files, one at a time, in a dialog over the whole window. */

import { contentUrl } from "./http.js";

/** Show what is in the file of `entry`. */
export async function preview(entry) {
  location.assign(contentUrl(entry.path).replace("/files/", "/download/"));
}
