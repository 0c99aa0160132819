/** Which part of the stream is shown, and in which unit. No document here: it only counts. */

/** Points that a chart shows well; more are finer than its pixels. */
const MOST_POINTS = 600;

export class View {
  /**
   * @param {number} duration Seconds.
   * @param {number[]} units Those that there are, in seconds, the finest first.
   * @param {number} shortest A window never gets smaller than so many seconds.
   */
  constructor(duration, units, shortest = 60) {
    this.shortest = shortest;
    this.duration = Math.max(duration, shortest);
    this.units = units;
    this.from = 0;
    this.to = this.duration;
    /** The unit that was chosen; null fits it to the window. */
    this.chosen = null;
  }

  get length() {
    return this.to - this.from;
  }

  get whole() {
    return this.length >= this.duration;
  }

  /** Seconds in one point. */
  get unit() {
    return this.chosen ?? this.units.find((unit) => this.length / unit <= MOST_POINTS) ?? this.units.at(-1);
  }

  /** Pages of the window's length, and which of them is shown (from 0). */
  get pages() {
    const count = Math.max(1, Math.ceil(this.duration / this.length - 1e-9));
    return { count, current: Math.min(count - 1, Math.round(this.from / this.length)) };
  }

  /** Shows this part, moved and stretched so far that it is one. */
  show(from, to) {
    const length = Math.min(Math.max(to - from, this.shortest), this.duration);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - length / 2, 0), this.duration - length);
    this.to = this.from + length;
  }

  showAll() {
    this.show(0, this.duration);
  }

  /** A page of the window's length. */
  turnTo(page) {
    this.show(page * this.length, (page + 1) * this.length);
  }

  /** Moves by so many windows. */
  move(windows) {
    this.show(this.from + windows * this.length, this.to + windows * this.length);
  }

  /** Makes the window `factor` times as long, around `centre` (seconds), which stays where it is. */
  zoom(factor, centre = (this.from + this.to) / 2) {
    const length = Math.min(Math.max(this.length * factor, this.shortest), this.duration);
    const from = centre - ((centre - this.from) / this.length) * length;
    this.show(from, from + length);
  }
}
