/* The stylesheets that a first view does without: dialogs, the details, the preview. They come together,
   as soon as scripts do, for with each one more the browser looks at every row of a long list again. */

const link = document.createElement("link");
link.rel = "stylesheet";
link.href = new URL("../../css/dialogs+details+preview.css", import.meta.url).pathname;

/** Resolves once they hold; when they cannot be loaded, one goes without.
    @type {Promise<unknown>} */
export const styled = new Promise((resolve) => {
  link.addEventListener("load", resolve);
  link.addEventListener("error", resolve);
});
document.head.append(link);
