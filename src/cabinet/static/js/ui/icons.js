/* Icons from the sprite that the page already uses, for elements built by scripts. */

const SVG = "http://www.w3.org/2000/svg";
const sprite = new URL("../../icons.svg", import.meta.url).pathname;

/** Return the icon with this name.
    @type {(name: string) => SVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
