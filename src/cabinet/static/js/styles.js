/* Stylesheets that the first view does without, loaded with the first thing that needs them. */

const loading = new Map();

/** Resolve once css/`name` holds; one that cannot be loaded is gone without. */
export function useStyle(name) {
  if (!loading.has(name)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`../css/${name}`, import.meta.url).pathname;
    loading.set(
      name,
      new Promise((resolve) => {
        link.addEventListener("load", resolve);
        link.addEventListener("error", resolve);
      }),
    );
    document.head.append(link);
  }
  return loading.get(name);
}
