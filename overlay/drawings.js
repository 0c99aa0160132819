/**
 * Our own drawings. OBS machines differ in their emoji fonts and some have none, so faces are paths. Each face also
 * has its own outline (disc, drop, tile, horns, star, blob, ghost), so that it can be told apart without colour.
 *
 * Drawn on a 32 x 32 grid. Parts are [tag, class, attributes]; the style sheet colours the classes:
 * `body` the emotion's colour, `ink` a line of the face, `dot` a filled feature, `white` and `pupil` a wide eye, `tongue`
 * and its `rim`; and in the signs that are no faces, `line` and `spot`.
 */

const SVG = "http://www.w3.org/2000/svg";

const pair = (part, x, y, r) => [-x, x].map((side) => ["circle", part, { cx: 16 + side, cy: y, r }]);
const eyes = (x, y, r) => pair("dot", x, y, r);
const wideEyes = (x, y, white, pupil) => [...pair("white", x, y, white), ...pair("pupil", x, y, pupil)];
const line = (d) => ["path", "ink", { d }];
const body = (d) => ["path", "body", { d }];

/** A closed, smooth outline whose radius swings between two values: a soft star or a blob. */
function wave(points, radius, swing, turn) {
  const at = (angle, r) => `${(16 + r * Math.sin(angle)).toFixed(2)} ${(16 - r * Math.cos(angle)).toFixed(2)}`;
  const step = Math.PI / points;
  let d = "";
  for (let i = 0; i < points; i += 1) {
    const angle = turn + 2 * i * step;
    // Control points on the peaks, joints in the valleys' flanks: quadratic curves then round both.
    if (i === 0) d += `M${at(angle - step / 2, radius)}`;
    d += `Q${at(angle, radius + swing)} ${at(angle + step / 2, radius)}`;
    d += `Q${at(angle + step, radius - swing)} ${at(angle + 1.5 * step, radius)}`;
  }
  return `${d}Z`;
}

const DRAWINGS = {
  happiness: [
    ["circle", "body", { cx: 16, cy: 16, r: 14.2 }],
    line("M8.8 13.6q2.2-3.4 4.4 0"),
    line("M18.8 13.6q2.2-3.4 4.4 0"),
    ["path", "dot", { d: "M8.6 17.6Q16 19.4 23.4 17.6 23 25.4 16 25.4T8.6 17.6Z" }],
    ["path", "tongue", { d: "M12.2 24.1Q16 20.6 19.8 24.1 18.3 25.4 16 25.4T12.2 24.1Z" }],
  ],
  sadness: [
    body("M16 1.2C17.2 5.6 28.6 11 28.6 19.2 28.6 26 23 30.6 16 30.6S3.4 26 3.4 19.2C3.4 11 14.8 5.6 16 1.2Z"),
    ...eyes(4.8, 18.2, 1.7),
    line("M8.4 15.2Q10.6 14.6 12.6 12.8"),
    line("M23.6 15.2Q21.4 14.6 19.4 12.8"),
    line("M11.8 25.4Q16 21.6 20.2 25.4"),
  ],
  neutral: [
    ["rect", "body", { x: 2.6, y: 2.6, width: 26.8, height: 26.8, rx: 9 }],
    ...eyes(5, 13.6, 1.8),
    line("M10.8 21.4H21.2"),
  ],
  anger: [
    body("M4.4 2.2Q8.6 3 11.6 5.2 16 4 20.4 5.2 23.4 3 27.6 2.2 29.2 6.8 27.8 10.4 30 13.4 30 17.2C30 25 24 30.2 16 30.2S2 25 2 17.2Q2 13.4 4.2 10.4 2.8 6.8 4.4 2.2Z"),
    ...eyes(5, 17.8, 1.7),
    line("M7.8 12.6L13.4 15.6"),
    line("M24.2 12.6L18.6 15.6"),
    line("M11.4 25.2Q16 21.4 20.6 25.2"),
  ],
  surprise: [
    body(wave(9, 13.6, 2.5, 0)),
    ...wideEyes(4.9, 13.4, 3.1, 1.5),
    ["ellipse", "dot", { cx: 16, cy: 22, rx: 2.7, ry: 3.3 }],
  ],
  disgust: [
    body(wave(5, 13.5, 1.9, 0.3)),
    line("M8.6 11.4L12.8 13.6 8.6 15.8"),
    line("M23.4 11.4L19.2 13.6 23.4 15.8"),
    ["path", "tongue rim", { d: "M16.4 21.4V24.2Q16.4 26.6 18.6 26.6T20.8 24.2V21.2Z" }],
    line("M9.4 21.6Q11 19.4 12.7 21.4T16 21.4 19.3 21.4 22.6 21.2"),
  ],
  fear: [
    body("M3.6 28.4V15.4C3.6 7.6 9 2 16 2S28.4 7.6 28.4 15.4V28.4Q28.4 30.6 26.6 29.6L23.8 27.4 20 30 16 27.4 12 30 8.2 27.4 5.4 29.6Q3.6 30.6 3.6 28.4Z"),
    ...wideEyes(5, 14.2, 3, 1.1),
    line("M8 8.8Q10.4 8.4 11.8 6.8"),
    line("M24 8.8Q21.6 8.4 20.2 6.8"),
    line("M10.6 22.2L13.3 20.6 16 22.2 18.7 20.6 21.4 22.2"),
  ],
  crowd: [
    ["circle", "line", { cx: 11.5, cy: 11.5, r: 5 }],
    ["path", "line", { d: "M2.6 26.6C2.6 21.4 6.4 19.4 11.5 19.4S20.4 21.4 20.4 26.6" }],
    ["path", "line", { d: "M20.4 6.9A5 5 0 0 1 20.4 16.1M24.4 20.2Q29.4 21.6 29.4 26.6" }],
  ],
  silence: [
    ["path", "line", { d: "M3.6 13.2Q16 2.6 28.4 13.2M8.4 18.4Q16 12.2 23.6 18.4M5 27L27 5" }],
    ["circle", "spot", { cx: 16, cy: 24.4, r: 2.3 }],
  ],
  rest: [
    ["path", "line", { d: "M19.6 4.2A12.4 12.4 0 1 0 28 20.2 10.4 10.4 0 0 1 19.6 4.2Z" }],
    ["circle", "spot", { cx: 26.4, cy: 8.2, r: 1.7 }],
  ],
  voice: [
    ["path", "line", { d: "M5 6.4H27Q29 6.4 29 8.4V20Q29 22 27 22H15.6L9.4 27.6V22H5Q3 22 3 20V8.4Q3 6.4 5 6.4Z" }],
    ["circle", "spot", { cx: 10.4, cy: 14.2, r: 1.5 }],
    ["circle", "spot", { cx: 16, cy: 14.2, r: 1.5 }],
    ["circle", "spot", { cx: 21.6, cy: 14.2, r: 1.5 }],
  ],
  arrow: [["path", "line", { d: "M5 16H26M17.6 7.4L26.2 16 17.6 24.6" }]],
};

/**
 * A fresh SVG element; hidden from screen readers because a word always stands beside it.
 *
 * @param {keyof typeof DRAWINGS} name
 * @returns {SVGSVGElement}
 */
export function draw(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "drawing");
  svg.setAttribute("data-drawing", name);
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, part, attributes] of DRAWINGS[name]) {
    const element = document.createElementNS(SVG, tag);
    element.setAttribute("class", part);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    svg.append(element);
  }
  return svg;
}
