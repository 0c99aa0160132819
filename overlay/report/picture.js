/** A chart with its title and its legend, as a picture to take along. */

import { gapsPlugin } from "./lines.js";

const PICTURE = { width: 1600, height: 900 };

/**
 * @param {any} Chart The library.
 * @param {object} data The page's: title, subtitle, gaps.
 * @param {object[]} lines As `datasets` made them.
 * @param {object} options As `sharesOptions` made them.
 * @param {object} colour
 * @returns {string} A PNG as a data URL.
 */
export function picture(Chart, data, lines, options, colour) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, PICTURE);
  const words = (text, size, tone) => ({ display: true, text, color: tone, font: { family: colour.font, size } });
  Object.assign(options, { responsive: false, devicePixelRatio: 1, events: [], layout: { padding: { top: 24, right: 36, bottom: 24, left: 24 } } });
  for (const scale of Object.values(options.scales)) scale.ticks.font = { family: colour.font, size: 18 };
  options.scales.y.afterFit = undefined;
  options.plugins.tooltip = { enabled: false };
  options.plugins.title = { ...words(data.title, 30, colour.text), align: "start" };
  options.plugins.subtitle = { ...words(data.subtitle, 18, colour.quiet), align: "start", padding: { bottom: 26 } };
  options.plugins.legend = {
    position: "bottom",
    labels: {
      color: colour.text, usePointStyle: true, pointStyle: "circle", boxHeight: 11, padding: 22, font: { family: colour.font, size: 18 },
      filter: ({ text, hidden }) => Boolean(text) && !hidden, sort: (one, other) => one.datasetIndex - other.datasetIndex,
    },
  };
  // Nothing is faded: a picture has no pointer.
  for (const line of lines) if (line.emotion !== undefined) line.borderColor = line.backgroundColor = colour.seven[line.emotion];
  const ground = { id: "ground", beforeDraw({ ctx }) { ctx.fillStyle = colour.panel; ctx.fillRect(0, 0, PICTURE.width, PICTURE.height); } };
  const chart = new Chart(canvas, { type: "line", data: { datasets: lines }, options, plugins: [ground, gapsPlugin(data.gaps, () => colour)] });
  const url = chart.toBase64Image("image/png");
  chart.destroy();
  return url;
}
