/* Icons for what scripts build, from the sprite that the page already uses. */

const SVG = "http://www.w3.org/2000/svg";
const sprite = new URL("../../icons.svg", import.meta.url).pathname;

/** Return the icon called `name`.
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
