/* tus-js-client, loaded at its first use: most visits never need it. */

import { failure } from "../core/http.js";

const LIBRARY = new URL("../../vendor/tus-js-client-4.3.1.min.js", import.meta.url);

/** @type {Promise<any> | null} */
let loading = null;

/** Return the library, which has no types; a try to load it that failed does not count. Raises `Failure`. */
export function library() {
  loading ??= new Promise((resolve, reject) => {
    // No import: a browser would remember for ever that one has failed.
    const script = document.createElement("script");
    script.src = LIBRARY.href;
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).tus));
    script.addEventListener("error", () => {
      loading = null;
      script.remove();
      reject(failure(0, ""));
    });
    document.head.append(script);
  });
  return loading;
}
