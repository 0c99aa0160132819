/** A score of 0 to 100 as a bar with its interval: it loses strength from the low end on, and a glow goes on to the high one. */

import { element } from "./dom.js";

const fraction = (value) => value.toFixed(4);
const span = (from, to) => `translateX(${fraction(from)}%) scaleX(${fraction(Math.max(0, to - from) / 100)})`;

export class Gauge {
  #shown = "";

  constructor() {
    [this.fill, this.veil, this.glow, this.edge] = ["fill", "veil", "glow", "edge"].map((part) => element("span", `gauge-${part}`));
    this.root = element("span", "gauge", this.fill, this.veil, this.glow, this.edge);
    // Its words stand beside it.
    this.root.setAttribute("aria-hidden", "true");
  }

  /**
   * @param {number|null} score 0..100; null where there is none, which looks like none.
   * @param {readonly [number, number]|null} interval
   */
  move(score, interval) {
    const [low, high] = interval ?? [score ?? 0, score ?? 0];
    const shown = [score, low, high].join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.dataset.score = score === null ? "" : String(score);
    this.fill.style.transform = `scaleX(${fraction((score ?? 0) / 100)})`;
    this.edge.style.transform = `translateX(${fraction(score ?? 0)}%)`;
    this.veil.style.transform = span(low, score ?? 0);
    this.glow.style.transform = span(score ?? 0, high);
  }
}
