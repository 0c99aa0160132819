/** The chart's unit as a CSV file, out of the page alone: for who has the page and no LERA. Numbers only, in plain English. */

/**
 * One line for each unit under a line of names; shares are empty where nothing was to be read.
 *
 * @param {object} data The page's.
 * @param {number} unit Seconds, or sentences.
 */
export function places(data, unit) {
  const what = data.counts ? "sentence" : "second";
  const names = [`begin_${what}`, `unit_${what}s`, ...(data.counts ? ["line"] : [])];
  for (const { key } of data.tracks) names.push(`${key}_${what}s_read`, ...data.emotions.map((emotion) => `${key}_${emotion}`));
  const rows = data.tracks[0].series[unit].begin.map((begin, row) => [
    data.counts ? begin + 1 : begin, unit, ...(data.counts ? [data.lines[begin]] : []),
    ...data.tracks.flatMap(({ series }) => [series[unit].counted[row], ...series[unit].shares.map((values) => values[row] ?? "")]),
  ]);
  return [names, ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}
