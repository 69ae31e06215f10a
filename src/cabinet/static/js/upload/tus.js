/* Loads tus-js-client on first use: most visits do not need it. */

import { failure } from "../core/http.js";

const LIBRARY = new URL("../../vendor/tus-js-client-4.3.1.min.js", import.meta.url);

/** @type {Promise<any> | null} */
let loading = null;

/** Return the library, which has no types; a failed attempt is not remembered. Raises `Failure`. */
export function library() {
  loading ??= new Promise((resolve, reject) => {
    // Not a dynamic import: browsers remember a failed one.
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
