/**
 * Our own drawings. OBS machines differ in their emoji fonts and some have none, so faces are paths. Each face also
 * has its own outline (disc, drop, tile, horns, star, blob, ghost), so that it can be told apart without colour.
 *
 * Their shapes are in shapes.js; the style sheet colours the classes of their parts:
 * `body` the emotion's colour, `ink` a line of the face, `dot` a filled feature, `white` and `pupil` a wide eye, `tongue`
 * and its `rim`; and in the signs that are no faces, `line` and `spot`.
 */

import { SHAPES } from "./shapes.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * A fresh SVG element; hidden from screen readers because a word always stands beside it.
 *
 * @param {keyof typeof SHAPES} name
 * @param {keyof typeof SHAPES} [look] Whose features the outline has; its own, if nothing else is said.
 * @returns {SVGSVGElement}
 */
export function draw(name, look = name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "drawing");
  svg.setAttribute("data-drawing", name);
  svg.setAttribute("aria-hidden", "true");
  const isBody = ([, part]) => part === "body";
  const shapes = look === name ? SHAPES[name] : [...SHAPES[name].filter(isBody), ...SHAPES[look].filter((shape) => !isBody(shape))];
  for (const [tag, part, attributes] of shapes) {
    const element = document.createElementNS(SVG, tag);
    element.setAttribute("class", part);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    svg.append(element);
  }
  return svg;
}
