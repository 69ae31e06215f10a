/* Links to downloads: one of somebody whose session has ended asks them to sign in, and then does what it
   is for.

   Rule: what the browser does with other clicks (a new tab, to save as) is left to it; there the server
   leads by the page to sign in on. */

import { around } from "../core/dom.js";
import { root } from "../core/http.js";
import { tell } from "../ui/errors.js";

/** @type {(link: HTMLAnchorElement) => boolean} */
const isDownload = ({ pathname }) => pathname.startsWith(`${root}download/`) || pathname === `${root}zip`;

/** Let plain clicks on links to downloads fetch them, once there is somebody to fetch them for. */
export function bindDownloads() {
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = isPlain && !event.defaultPrevented ? around(event, "a[href]", HTMLAnchorElement) : null;
    if (link && link.origin === location.origin && isDownload(link)) {
      event.preventDefault();
      import("./downloading.js").then(({ fetchFrom }) => fetchFrom(link.href)).catch(tell);
    }
  });
}
