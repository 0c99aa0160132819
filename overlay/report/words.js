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
