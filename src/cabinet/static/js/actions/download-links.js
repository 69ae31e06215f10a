/* Download links. If the session has ended, a click asks to sign in again, then downloads.

   Rule: other clicks (new tab, save as) are left to the browser; for those the server redirects to the sign-in
   page. */

import { around } from "../core/dom.js";
import { base } from "../core/http.js";
import { showError } from "../ui/errors.js";

/** @type {(link: HTMLAnchorElement) => boolean} */
const isDownload = ({ pathname }) => pathname.startsWith(`${base}download/`) || pathname === `${base}zip`;

/** Handle plain clicks on download links. */
export function bindDownloadLinks() {
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = isPlain && !event.defaultPrevented ? around(event, "a[href]", HTMLAnchorElement) : null;
    if (link && link.origin === location.origin && isDownload(link)) {
      event.preventDefault();
      import("./downloading.js").then(({ fetchFrom }) => fetchFrom(link.href)).catch(showError);
    }
  });
}
