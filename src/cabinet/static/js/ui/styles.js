/* The stylesheets that the first view does not need: dialogs, details, preview. They are loaded together, because
   the browser recalculates the styles of a long list for each one. */

const link = document.createElement("link");
link.rel = "stylesheet";
link.href = new URL("../../css/dialogs+details+preview+sharing.css", import.meta.url).pathname;

/** Resolves once the stylesheets are applied, or failed to load.
    @type {Promise<unknown>} */
export const stylesLoaded = new Promise((resolve) => {
  link.addEventListener("load", resolve);
  link.addEventListener("error", resolve);
});
document.head.append(link);
