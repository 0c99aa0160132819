/** The seven bars: each builds its row once and then writes only what differs from what is on the screen. */

import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";

/** Enough digits for a tenth of a pixel on an 8K canvas, few enough that noise below it causes no write. */
const fraction = (value) => value.toFixed(5);
/** Lays an element that is as wide as the track over the part of it between two shares. */
const span = (from, to) => `translateX(${fraction(100 * from)}%) scaleX(${fraction(Math.max(0, to - from))})`;

class Bar {
  /** What `move` last wrote. */
  #shown = "";

  /**
   * @param {import("./mood.js").Emotion} emotion
   * @param {string} label
   */
  constructor(emotion, label) {
    this.emotion = emotion;
    this.fill = element("span", "fill");
    this.veil = element("span", "veil");
    this.glow = element("span", "glow");
    this.edge = element("span", "edge");
    this.number = element("span", "number", "–");
    const track = element("span", "track", this.fill, this.veil, this.glow, this.edge);
    this.row = element("li", "row", draw(emotion), element("span", "label", label), track, this.number);
    this.row.dataset.emotion = emotion;
  }

  /** @param {import("./mood.js").Mood|null} mood */
  move(mood) {
    const known = mood?.shares?.[this.emotion];
    const [low, high] = mood?.intervals?.[this.emotion] ?? [0, 0];
    const shown = [known, low, high].join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    const share = known ?? 0;
    this.fill.style.transform = `scaleX(${fraction(share)})`;
    this.edge.style.transform = `translateX(${fraction(100 * share)}%)`;
    this.veil.style.transform = span(low, share);
    this.glow.style.transform = span(share, high);
    if (known === undefined) delete this.row.dataset.share;
    else this.row.dataset.share = String(known);
  }

  /** @param {import("./mood.js").Mood|null} mood */
  count(mood) {
    const share = mood?.shares?.[this.emotion];
    setText(this.number, share === undefined ? "–" : `${Math.round(100 * share)}%`);
  }

  /** @param {boolean} leads */
  lead(leads) {
    if ("top" in this.row.dataset === leads) return;
    if (leads) this.row.dataset.top = "";
    else delete this.row.dataset.top;
  }
}

export class Bars {
  /**
   * @param {Element} list
   * @param {import("./mood.js").Emotion[]} show
   * @param {import("./words.js").Words} words
   */
  constructor(list, show, words) {
    this.bars = show.map((emotion) => new Bar(emotion, words.expressions[emotion]));
    list.replaceChildren(...this.bars.map((bar) => bar.row));
  }

  /** Bars and their intervals. @param {import("./mood.js").Mood|null} mood */
  move(mood) {
    for (const bar of this.bars) bar.move(mood);
  }

  /** Percentages. @param {import("./mood.js").Mood|null} mood */
  count(mood) {
    for (const bar of this.bars) bar.count(mood);
  }

  /** Marks the row that leads. @param {import("./mood.js").Emotion|null} top */
  lead(top) {
    for (const bar of this.bars) bar.lead(bar.emotion === top);
  }
}
