/* A form that asks for an archive of many entries. */

import { ownUrl, root } from "../core/http.js";

/** Post the chosen ones: to a tab that goes away when a download comes, and so this page stays whatever
    comes. Long after somebody pressed something browsers open none.
    @type {(form: HTMLFormElement) => void} */
export function post(form) {
  const button = document.createElement("button");
  button.formAction = ownUrl(`${root}zip`);
  button.formTarget = navigator.userActivation?.isActive ? "_blank" : "_self";
  button.hidden = true;
  form.append(button);
  form.requestSubmit(button);
  button.remove();
}
