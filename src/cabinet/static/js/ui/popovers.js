/* Whether the browser knows popovers, as all do that Cabinet is made for.

   Rule: without them a page is what it is without scripts, and nothing breaks. */

export const HAS_POPOVERS = "popover" in HTMLElement.prototype;

/** The selector of a popover that shows; a browser that does not know it would refuse all around it. */
export const OPEN_POPOVER = CSS.supports("selector(:popover-open)") ? "[popover]:popover-open" : ":not(*)";
