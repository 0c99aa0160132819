/** The numbers of the chart's window as a table: for who can't see the chart, and for who wants the numbers. */

import { element } from "../dom.js";
import { filled, percent, placed } from "../report/words.js";

const MOST_ROWS = 400;

/**
 * @param {HTMLElement} place Holds the table and a note.
 * @param {object} data The page's.
 * @param {import("../report/view.js").View} view
 */
export function fillPlaces(place, data, view) {
  const { words } = data;
  const [first, ...others] = data.tracks.map(({ series }) => series[view.unit]);
  const end = view.to >= view.duration ? Infinity : view.to;
  const within = first.begin.map((_, row) => row).filter((row) => first.begin[row] + view.unit > view.from && first.begin[row] < end);
  const share = (series, of, row) => (series.shares[of][row] === null ? words.no_number : percent(series.shares[of][row], words));
  /** The expression that leads in one of the modalities. */
  const leading = (series, row) => {
    if (series.shares[0][row] === null) return words.no_number;
    const shares = series.shares.map((values) => values[row]);
    const of = shares.indexOf(Math.max(...shares));
    return filled(words.share_alone, { expression: data.expressions[of], share: percent(shares[of], words) });
  };
  const rows = within.slice(0, MOST_ROWS).map((row) => {
    const begin = first.begin[row];
    const head = element("th", "", placed(begin + (data.counts ? 1 : 0), data));
    head.scope = "row";
    const cells = [
      ...(data.counts ? [String(data.lines[begin])] : []),
      ...data.emotions.map((_, of) => share(first, of, row)),
      filled(words.of, { counted: first.counted[row], unit: first.kept[row] }),
      ...others.map((series) => leading(series, row)),
    ];
    return element("tr", "", head, ...cells.map((text) => element("td", "", text)));
  });
  place.querySelector("tbody").replaceChildren(...rows);
  place.querySelector(".more").textContent = within.length > MOST_ROWS ? filled(words.more, { most: MOST_ROWS, count: within.length }) : "";
}
