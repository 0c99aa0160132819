/** The two charts: the seven over time, and the viewers below. Drawn by Chart.js, which the page carries with it. */

import { ceiling, line, timeTicks } from "./series.js";
import { filled, percent, placed, stretch } from "./words.js";

/** Space for the labels beside both charts, so that the same moment lies above itself. */
const MARGIN = 46;

/** The colours that the style sheet has now. */
export function colours(emotions) {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    seven: emotions.map(named), text: named("text"), quiet: named("quiet"), grid: named("grid"), panel: named("panel"),
    gap: named("gap"), font: getComputedStyle(document.body).fontFamily,
  };
}

/**
 * The lines of a unit, with the band of the one that is looked at.
 *
 * @param {object} data The report's.
 * @param {number} unit
 * @param {{hidden: Set<number>, looked: number|null}} choice
 */
export function datasets(data, unit, { hidden, looked }, colour) {
  const series = data.series[unit];
  const lines = data.emotions.map((_, place) => {
    const points = line(series, unit, data.duration, series.shares[place]);
    const faded = looked !== null && looked !== place;
    const tone = colour.seven[place] + (faded ? "99" : "");
    return {
      type: "line", data: points, hidden: hidden.has(place), borderColor: tone, backgroundColor: tone, hoverBorderColor: tone, hoverBackgroundColor: tone, label: data.expressions[place],
      emotion: place, borderWidth: looked === place ? 3 : 1.8, tension: 0, order: looked === place ? 1 : 2,
      // No function here: Chart.js would ask it for every point, and take half a second for a long stream.
      pointRadius: 0, pointHoverRadius: 4, pointHitRadius: 0,
    };
  });
  if (looked === null || hidden.has(looked)) return lines;
  // The streamer's own, of the one that is looked at: seven more lines would hide the crowd's.
  if (series.streamer) lines.push({
    type: "line", data: line(series, unit, data.duration, series.streamer[looked]), borderColor: colour.text, backgroundColor: colour.text,
    label: filled(data.words.own_line, { expression: data.expressions[looked] }), borderWidth: 1.6, borderDash: [5, 4], order: 0,
    tension: 0, pointRadius: 0, pointHoverRadius: 0, pointHitRadius: 0,
  });
  if (!series.low) return lines;
  const edge = (values, fill) => ({
    type: "line", data: line(series, unit, data.duration, values), borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, fill, order: 3,
    backgroundColor: `${colour.seven[looked]}38`,
  });
  return [...lines, edge(series.low[looked], false), edge(series.high[looked], "-1")];
}

/** Draws what isn't there as such: the stretches of `gaps` are shaded, and no line crosses them. */
export function gapsPlugin(gaps, colour) {
  const spans = ({ chartArea, scales }) =>
    gaps.map(([begin, end]) => {
      const [left, right] = [begin, end].map((time) => Math.min(Math.max(scales.x.getPixelForValue(time), chartArea.left), chartArea.right));
      return [left, chartArea.top, right > left ? Math.max(right - left, 1) : 0, chartArea.height];
    });
  return {
    id: "gaps",
    beforeDraw(chart) {
      chart.ctx.save();
      chart.ctx.fillStyle = colour().gap;
      for (const span of spans(chart)) chart.ctx.fillRect(...span);
      chart.ctx.restore();
    },
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea } = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      for (const span of spans(chart)) if (span[2]) ctx.rect(...span);
      ctx.clip("evenodd");
    },
    afterDatasetsDraw: (chart) => chart.ctx.restore(),
  };
}

/** The moments' numbers, above the lines. */
export function momentsPlugin(data, colour) {
  return {
    id: "moments",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      const now = colour();
      let last = -Infinity;
      ctx.save();
      ctx.font = `700 11px ${now.font}`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      data.moments.forEach(([into, emotion], place) => {
        const x = scales.x.getPixelForValue(into);
        if (x < chartArea.left || x > chartArea.right) return;
        ctx.strokeStyle = now.seven[emotion];
        ctx.lineWidth = 1.5;
        ctx.setLineDash([2, 3]);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
        ctx.setLineDash([]);
        // Where two are too near each other for both numbers, the line alone tells of the second.
        if (x - last < 19) return;
        last = x;
        ctx.fillStyle = now.panel;
        ctx.beginPath();
        ctx.arc(x, chartArea.top - 10, 9, 0, 7);
        ctx.fill();
        ctx.stroke();
        ctx.fillStyle = now.text;
        ctx.fillText(String(place + 1), x, chartArea.top - 9.5);
      });
      ctx.restore();
    },
  };
}

/** What all charts share. */
function options(data, view, colour) {
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, spanGaps: false,
    color: colour.text, font: { family: colour.font },
    interaction: { mode: "nearest", axis: "x", intersect: false },
    layout: { padding: { top: 22, right: 12 } },
    scales: {
      x: {
        type: "linear", min: view.from, max: view.to, grid: { color: colour.grid }, border: { color: colour.grid },
        ticks: { color: colour.quiet, maxRotation: 0, autoSkip: false, callback: (value) => placed(value, data) },
        afterBuildTicks: (axis) => { axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, axis.width / 75)); },
      },
      y: {
        min: 0, grid: { color: colour.grid }, border: { display: false }, ticks: { color: colour.quiet },
        afterFit: (axis) => { axis.width = MARGIN; },
      },
    },
    plugins: { legend: { display: false } },
  };
}

/** Options of the chart of the seven. */
export function sharesOptions(data, view, colour) {
  const made = options(data, view, colour);
  made.scales.y.max = ceiling(data.series);
  made.scales.y.ticks.callback = (share) => percent(share, data.words);
  made.plugins.tooltip = {
    backgroundColor: colour.panel, titleColor: colour.text, bodyColor: colour.text, footerColor: colour.quiet,
    borderColor: colour.quiet, borderWidth: 1, padding: 10, usePointStyle: true, boxPadding: 4,
    filter: (item) => item.dataset.emotion !== undefined && item.raw.place >= 0,
    itemSort: (one, other) => other.raw.y - one.raw.y,
    callbacks: tooltips(data, view),
  };
  return made;
}

function tooltips(data, view) {
  const words = data.words;
  return {
    title: ([item]) => item && stretch(data.series[view.unit].begin[item.raw.place], view.unit, data),
    label: ({ dataset, raw }) => {
      const series = data.series[view.unit];
      const told = { expression: dataset.label, share: percent(raw.y, words) };
      if (!series.low) return ` ${filled(words.share_alone, told)}`;
      const [low, high] = [series.low, series.high].map((bound) => Math.round(bound[dataset.emotion][raw.place] * 100));
      return ` ${filled(words.share_between, { ...told, low, high })}`;
    },
    footer: ([item]) => {
      if (!item) return "";
      const series = data.series[view.unit];
      const place = item.raw.place;
      return filled(words.point_footer, { viewers: Math.round(series.viewers?.[place] ?? 0), counted: series.counted[place], unit: view.unit });
    },
  };
}

/** Options of the viewers' chart. */
export function viewersOptions(data, view, colour) {
  const made = options(data, view, colour);
  made.layout.padding.top = 6;
  // Not left out, or the same moment would be at another place than above.
  made.scales.x.ticks.color = "transparent";
  made.scales.y.ticks.maxTicksLimit = 3;
  made.scales.y.ticks.precision = 0;
  made.scales.y.suggestedMax = 4;
  made.plugins.tooltip = { enabled: false };
  return made;
}

/** The viewers of a unit, as steps. */
export function viewersDatasets(data, unit, colour) {
  const series = data.series[unit];
  return [{
    data: line(series, unit, data.duration, series.viewers), borderColor: colour.quiet, backgroundColor: colour.gap, borderWidth: 1.5,
    fill: "origin", stepped: "middle", pointRadius: 0, pointHoverRadius: 0,
  }];
}
