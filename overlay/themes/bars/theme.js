/** Seven bars under a head that names the leading expression: the plate that the virtual camera draws as well. */

import { element, setText } from "../../dom.js";
import { draw } from "../../drawings.js";

/** Enough digits for a tenth of a pixel on an 8K canvas, few enough that noise below it causes no write. */
const fraction = (value) => value.toFixed(5);
/** Lays an element that is as wide as the track over the part of it between two shares. */
const span = (from, to) => `translateX(${fraction(100 * from)}%) scaleX(${fraction(Math.max(0, to - from))})`;

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const head = new Head(context);
  const bars = context.show.map((emotion) => new Bar(emotion, context));
  stage.append(head.root, element("ul", "bars", ...bars.map(({ row }) => row)));
  return {
    update(view) {
      head.update(view);
      for (const bar of bars) bar.update(view);
    },
    dispose: () => stage.replaceChildren(),
  };
}

/** Which expression leads and where it is going, or what the plate is waiting for. */
class Head {
  constructor(context) {
    this.context = context;
    this.portrait = element("span", "portrait");
    this.title = element("p", "title");
    this.viewers = element("p", "viewers");
    this.headline = element("h1", "headline");
    this.way = element("span", "way");
    this.trend = element("p", "trend", element("span", "arrow", draw("arrow")), this.way);
    const over = element("div", "over", this.title, this.viewers);
    const under = element("div", "under", this.headline, this.trend);
    this.root = element("header", "head", this.portrait, over, under);
  }

  update(view) {
    setText(this.title, view.title);
    setText(this.headline, view.headline);
    setText(this.viewers, view.people);
    setText(this.way, view.trend);
    if (this.trend.dataset.way !== view.way) this.trend.dataset.way = view.way;
    if (this.portrait.dataset.emotion === view.picture) return;
    this.portrait.dataset.emotion = view.picture;
    this.portrait.replaceChildren(this.context.draw(view.picture));
  }
}

/** A row: built once, and then only what differs from what is on the screen is written. */
class Bar {
  /** What was last drawn. */
  #shown = "";

  constructor(emotion, context) {
    this.emotion = emotion;
    this.fill = element("span", "fill");
    this.veil = element("span", "veil");
    this.glow = element("span", "glow");
    this.edge = element("span", "edge");
    this.number = element("span", "number");
    const track = element("span", "track", this.fill, this.veil, this.glow, this.edge);
    const label = element("span", "label", context.words.expressions[emotion]);
    this.row = element("li", "row", context.draw(emotion), label, track, this.number);
    this.row.dataset.emotion = emotion;
  }

  update(view) {
    this.#move(view.shares?.[this.emotion], view.intervals?.[this.emotion] ?? [0, 0]);
    setText(this.number, view.numbers[this.emotion]);
    const leads = view.lead === this.emotion;
    if ("top" in this.row.dataset === leads) return;
    if (leads) this.row.dataset.top = "";
    else delete this.row.dataset.top;
  }

  #move(known, [low, high]) {
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
}
