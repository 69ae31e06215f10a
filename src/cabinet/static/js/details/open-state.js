/* Whether the details panel is open, saved from page to page. */

const NAME = "details";

/** @type {(isOpen: boolean) => void} */
export function saveOpen(isOpen) {
  try {
    localStorage.setItem(NAME, isOpen ? "open" : "closed");
  } catch {
    // Storage may be blocked.
  }
}

/** Return whether the panel was open last. */
export function wasOpen() {
  try {
    return localStorage.getItem(NAME) === "open";
  } catch {
    return false;
  }
}
