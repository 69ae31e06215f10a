/* Detection of the popover API.

   Rule: a browser without it behaves as if scripts were off. */

export const HAS_POPOVERS = "popover" in HTMLElement.prototype;

/** The selector of an open popover; browsers that do not know it would reject the whole selector list. */
export const OPEN_POPOVER = CSS.supports("selector(:popover-open)") ? "[popover]:popover-open" : ":not(*)";
