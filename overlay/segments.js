/** The shares laid end to end, in the one order, for themes that show the crowd as one whole: pure. */

/**
 * @typedef {object} Segment
 * @property {import("./mood.js").Emotion} emotion
 * @property {number} from 0..1
 * @property {number} to 0..1; what is hidden leaves the end empty.
 * @property {[number, number]} sure The middle of it that is as long as the low end of its interval.
 */

/**
 * @param {readonly import("./mood.js").Emotion[]} show
 * @param {{shares: Record<string, number>|null, intervals: Record<string, [number, number]>|null}|null} crowd
 * @returns {Segment[]} All empty while nothing is known.
 */
export function segmentsOf(show, crowd) {
  let end = 0;
  return show.map((emotion) => {
    const share = crowd?.shares?.[emotion] ?? 0;
    const low = Math.min(share, crowd?.intervals?.[emotion]?.[0] ?? 0);
    const from = end;
    end += share;
    const middle = from + share / 2;
    return { emotion, from, to: end, sure: [middle - low / 2, middle + low / 2] };
  });
}
