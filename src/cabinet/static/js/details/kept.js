/* Whether the details panel is open, kept by the browser from page to page. */

const NAME = "details";

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

/** Open the panel on a page that one comes to with it open; `contextOf()` gives what actions are told. */
export async function bindDetails(contextOf) {
  if (wasOpen()) {
    // Without it the page is whole: it may be left, or lose its line, before this has come.
    const part = await import("./details.js").catch(() => null);
    await part?.reopenDetails(contextOf());
  }
}
