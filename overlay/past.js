/**
 * What this page has seen of the last quarter of an hour, also while nobody saw the page: for themes that show time.
 *
 * @typedef {object} Point
 * @property {number} time In seconds, by the bot's clock.
 * @property {Readonly<Record<import("./mood.js").Emotion, number>>|null} shares None where nothing was known.
 * @property {Readonly<Record<import("./mood.js").Emotion, [number, number]>>|null} intervals
 * @property {import("./view.js").View["parts"]} parts
 */

export const REACH = 900;
/** A bot that was started anew may go by a clock that was set back meanwhile; less than this is a frame that came late. */
const SET_BACK = 30;
/** Denser than this no screen shows a quarter of an hour. */
const STEP = 1;

export class Past {
  /** @type {Point[]} */ #points = [];

  /** Oldest first. The same list for good: a theme may keep it, and may not change it. */
  get points() {
    return this.#points;
  }

  /** @param {Point} point */
  add(point) {
    const points = this.#points;
    const end = points[points.length - 1]?.time ?? -Infinity;
    if (end - point.time > SET_BACK) points.length = 0;
    else if (point.time < end) return;
    const [before, last] = points.slice(-2);
    // The newest is always kept, and those before it are thinned.
    if (last && last.time - before.time < STEP && (point.shares === null) === (last.shares === null)) points.pop();
    points.push(Object.freeze(point));
    const first = points.findIndex(({ time }) => time >= point.time - REACH);
    if (first > 0) points.splice(0, first);
  }
}
