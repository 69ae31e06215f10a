/* The details panel: what is known of what is chosen. */

/** Open or close the panel; while it is open it follows the selection of `context`. */
export function toggleDetails(entries, context) {
  void entries;
  void context;
}
