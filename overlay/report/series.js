/**
 * The report's numbers as Chart.js wants them: a point for each unit, and nothing where a unit is missing.
 *
 * @typedef {object} Series One unit; arrays with one entry for each unit of time that holds any second.
 * @property {number[]} begin Seconds into the stream.
 * @property {number[]} kept
 * @property {number[]} counted
 * @property {number[]} viewers
 * @property {number[]} most
 * @property {(number|null)[][]} shares One array for each of the seven.
 * @property {(number|null)[][]} low
 * @property {(number|null)[][]} high
 */

/**
 * A line: NaN between two points that don't follow each other. Points lie in the middle of what the stream has of a unit,
 * and one without a neighbour becomes two, a dash, since a line of one point can't be seen.
 *
 * @param {Series} series
 * @param {number} unit
 * @param {number} duration
 * @param {(number|null)[]} values
 */
export function line(series, unit, duration, values) {
  const points = [];
  const follows = (place) => series.begin[place] - series.begin[place - 1] < unit * 1.5;
  const there = (place) => values[place] !== null && values[place] !== undefined;
  series.begin.forEach((begin, place) => {
    if (place && !follows(place)) points.push({ x: begin - unit / 2, y: NaN, place: -1 });
    const [x, y] = [(begin + Math.min(begin + unit, duration)) / 2, values[place] ?? NaN];
    const alone = there(place) && !(there(place - 1) && follows(place)) && !(there(place + 1) && follows(place + 1));
    if (alone) points.push({ x: x - unit / 4, y, place }, { x: x + unit / 4, y, place });
    else points.push({ x, y, place });
  });
  return points;
}

/**
 * Where the axis of shares ends: a little above the largest one, for the band around it, at the next tenth.
 *
 * @param {Record<number, Series>} all
 */
export function ceiling(all) {
  const largest = Object.values(all).flatMap((series) => series.shares.flat());
  return Math.min(1, Math.ceil(Math.max(0.2, ...largest.map((share) => share ?? 0)) * 10 + 1) / 10);
}

/**
 * Steps of a time axis: round ones, at most `most` of them.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} most
 */
export function timeTicks(from, to, most) {
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800];
  const step = steps.find((candidate) => (to - from) / candidate <= most) ?? steps.at(-1);
  const ticks = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) ticks.push({ value: time });
  return ticks;
}
