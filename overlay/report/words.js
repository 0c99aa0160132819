/** Times, shares and sentences. The words come with the report's numbers, in the language of the page. */

/**
 * A time in the stream, as under a video: 4:05 or 1:02:03.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/**
 * A place on the axis: a time, or a number where the data counts sentences.
 *
 * @param {number} value
 * @param {{counts?: boolean}} data
 */
export function placed(value, data) {
  return data.counts ? String(Math.round(value)) : clock(value);
}

/**
 * From where to where one unit goes.
 *
 * @param {number} begin
 * @param {number} unit
 * @param {{counts?: boolean, words: {span: string}}} data
 */
export function stretch(begin, unit, data) {
  // A sentence has a number, a second has a begin and an end.
  if (data.counts && unit === 1) return String(begin + 1);
  return filled(data.words.span, { from: placed(begin + (data.counts ? 1 : 0), data), to: placed(begin + unit, data) });
}

/**
 * A template with its {names} filled.
 *
 * @param {string} template
 * @param {Record<string, string|number>} values
 */
export function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * @param {number} share 0..1
 * @param {{percent: string}} words
 */
export function percent(share, words) {
  return filled(words.percent, { number: Math.round(share * 100) });
}
