/* What a page with a list does, be it a folder, what was found, or the trash: the parts are made here
   and tied together.

   Rule: a composition root; what is not needed for the first view is imported by the parts on first use. */

import { bindChoosing } from "./choosing.js";
import { bindMore } from "./list.js";
import { bindPictures } from "./pictures.js";
import { bindView } from "./view.js";

const { place } = document.getElementById("main").dataset;

bindMore();
bindView();
bindPictures();
if (place === "folder") {
  bindChoosing();
}
