/** The last minutes as a river: seven bands that together are always the whole height; no water where nothing is known. */

import { EMOTIONS } from "./mood.js";

/** Longer than this between two points is a gap: beats come every 2 s, so several of them were missed. */
const GAP = 12;
const PADDING = 2;

/** @typedef {{time: number, shares: Record<string, number>|null}} Point `time` in seconds, by the bot's clock. */

export class River {
  /** @type {Point[]} */ #points = [];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} seconds How far back it reaches.
   */
  constructor(canvas, seconds) {
    this.canvas = canvas;
    this.seconds = seconds;
  }

  /** @param {Point} point */
  add(point) {
    const last = this.#points[this.#points.length - 1];
    if (last && point.time < last.time) return;
    this.#points.push(point);
    const oldest = point.time - this.seconds - GAP;
    if (this.#points[0].time < oldest) this.#points = this.#points.filter(({ time }) => time >= oldest);
  }

  /**
   * Puts what the bot remembers in the place of what this page has seen, also over the time when it was cut off.
   *
   * @param {Point[]} past
   */
  recall(past) {
    if (past.length === 0) return;
    const [first, last] = [past[0].time, past[past.length - 1].time];
    const before = this.#points.filter(({ time }) => time < first);
    const after = this.#points.filter(({ time }) => time > last);
    this.#points = [...before, ...past, ...after];
  }

  /** The stretches without a gap. @returns {Point[][]} */
  stretches() {
    const found = [];
    let last = null;
    for (const point of this.#points) {
      if (point.shares === null) {
        last = null;
        continue;
      }
      if (last === null || point.time - last.time > GAP) found.push([]);
      found[found.length - 1].push(point);
      last = point;
    }
    return found;
  }

  /** @param {number} now The right edge, in seconds by the bot's clock. */
  draw(now) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = canvas.getBoundingClientRect();
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const place = {
      x: (time) => width * (1 - (now - time) / this.seconds),
      y: (sum) => PADDING + sum * (height - 2 * PADDING),
    };
    for (const stretch of this.stretches()) this.#flow(pen, style, place, stretch);
    pen.fillStyle = style.getPropertyValue("--grid");
    for (const part of [0.25, 0.5, 0.75]) pen.fillRect(0, place.y(part) - 0.5, width, 1);
    for (let ago = 60; ago < this.seconds; ago += 60) pen.fillRect(place.x(now - ago) - 0.5, 0, 1, height);
  }

  #flow(pen, style, place, stretch) {
    const upper = stretch.map(() => 0);
    for (const name of EMOTIONS) {
      pen.beginPath();
      stretch.forEach(({ time }, index) => pen.lineTo(place.x(time), place.y(upper[index])));
      for (let index = stretch.length - 1; index >= 0; index -= 1) {
        upper[index] += stretch[index].shares[name];
        pen.lineTo(place.x(stretch[index].time), place.y(upper[index]));
      }
      pen.closePath();
      pen.fillStyle = style.getPropertyValue(`--${name}`);
      pen.fill();
      // A seam in the background's colour, so that neighbours are told apart without their colours.
      pen.strokeStyle = style.getPropertyValue("--seam");
      pen.lineWidth = 1.5;
      pen.stroke();
    }
  }
}
