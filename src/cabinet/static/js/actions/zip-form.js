/* The form that requests an archive of many entries. */

import { base, ownUrl } from "../core/http.js";

/** Post the form to a new tab, which closes when the download starts, so that this page stays even if an error page
    comes. Must follow a user gesture shortly, or the browser blocks the tab.
    @type {(form: HTMLFormElement) => void} */
export function post(form) {
  const button = document.createElement("button");
  button.formAction = ownUrl(`${base}zip`);
  button.formTarget = navigator.userActivation?.isActive ? "_blank" : "_self";
  button.hidden = true;
  form.append(button);
  form.requestSubmit(button);
  button.remove();
}
