/** The numbers of the chart's window as a table: for who can't see the chart, and for who wants the numbers. */

import { element } from "../dom.js";
import { clock, filled, percent } from "./words.js";

const MOST_ROWS = 400;

/**
 * @param {HTMLElement} place Holds the table and a note.
 * @param {object} data The report's.
 * @param {import("./view.js").View} view
 */
export function fillTable(place, data, view) {
  const series = data.series[view.unit];
  // The very last second may begin a unit of its own, at the end of all.
  const end = view.to >= view.duration ? Infinity : view.to;
  const within = series.begin.map((_, row) => row).filter((row) => series.begin[row] + view.unit > view.from && series.begin[row] < end);
  const cell = (tag, text, scope) => {
    const made = element(tag, "", text);
    if (scope) made.scope = scope;
    return made;
  };
  const rows = within.slice(0, MOST_ROWS).map((row) => {
    const shares = series.shares.map((values) => (values[row] === null ? "–" : percent(values[row], data.words)));
    return element("tr", "",
      cell("th", clock(series.begin[row]), "row"),
      ...shares.map((share) => cell("td", share)),
      cell("td", String(Math.round(series.viewers[row]))),
      cell("td", filled(data.words.of, { counted: series.counted[row], unit: view.unit })));
  });
  place.querySelector("tbody").replaceChildren(...rows);
  place.querySelector(".more").textContent = within.length > MOST_ROWS ? filled(data.words.more, { most: MOST_ROWS, count: within.length }) : "";
}
