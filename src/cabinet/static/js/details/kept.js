/* Whether the details panel is open, kept by the browser from page to page. */

const NAME = "details";

/** @type {(isOpen: boolean) => void} */
export function keepOpen(isOpen) {
  try {
    localStorage.setItem(NAME, isOpen ? "open" : "closed");
  } catch {
    // A browser may keep nothing at all.
  }
}

/** Tell whether the panel was open when it was last seen. */
export function wasOpen() {
  try {
    return localStorage.getItem(NAME) === "open";
  } catch {
    return false;
  }
}
