/** The chart's unit as a CSV file, out of the page alone: for who has the file and no LERA. Numbers only, in plain English. */

/**
 * One line for each unit of time that holds any second, under a line of names; shares are empty where there are none.
 *
 * @param {object} data The report's.
 * @param {number} unit Seconds.
 */
export function sheet(data, unit) {
  const series = data.series[unit];
  const bounds = data.emotions.flatMap((emotion) => [emotion, `${emotion}_low`, `${emotion}_high`]);
  const names = ["begin_seconds", "unit_seconds", "viewers_mean", "viewers_most", "seconds_kept", "seconds_with_shares", ...bounds];
  const rows = series.begin.map((begin, row) => [
    begin, unit, series.viewers[row], series.most[row], series.kept[row], series.counted[row],
    ...data.emotions.flatMap((_, place) => [series.shares, series.low, series.high].map((values) => values[place][row] ?? "")),
  ]);
  return [names, ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}

/**
 * Hands a file to the reader.
 *
 * @param {string} name
 * @param {string} url
 */
export function handOver(name, url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
