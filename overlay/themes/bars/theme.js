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
    setText(this.viewers, view.parts === null ? view.people : this.#lanes(view.parts));
    setText(this.way, view.trend);
    if (this.trend.dataset.way !== view.way) this.trend.dataset.way = view.way;
    if (this.portrait.dataset.emotion === view.picture) return;
    this.portrait.dataset.emotion = view.picture;
    this.portrait.replaceChildren(this.context.draw(view.picture));
  }

  /** Which lane is whose: the block stands where the lane does. */
  #lanes({ face, chat }) {
    const { words } = this.context;
    return `\u2580 ${words.faces} ${face.voters} · \u2584 ${words.chat} ${chat.voters}`;
  }
}

/** A row: built once, and then only what differs from what is on the screen is written. */
class Bar {
  constructor(emotion, context) {
    this.emotion = emotion;
    this.whole = new Lane("whole");
    this.parts = context.apart ? { face: new Lane("face"), chat: new Lane("chat") } : {};
    this.number = element("span", "number");
    const label = element("span", "label", context.words.expressions[emotion]);
    const lanes = [this.whole, ...Object.values(this.parts)].map(({ track }) => track);
    this.row = element("li", "row", context.draw(emotion), label, element("span", "lanes", ...lanes), this.number);
    this.row.dataset.emotion = emotion;
  }

  update(view) {
    const { emotion, row } = this;
    const share = view.shares?.[emotion];
    this.whole.move(share, view.intervals?.[emotion]);
    for (const [name, lane] of Object.entries(this.parts)) {
      lane.move(view.parts?.[name].shares[emotion], view.parts?.[name].intervals[emotion]);
    }
    setText(this.number, view.numbers[emotion]);
    mark(row, "share", share === undefined ? null : String(share));
    mark(row, "apart", view.parts === null ? null : "");
    mark(row, "top", view.lead === emotion ? "" : null);
  }
}

/** Sets an attribute, or takes it away, where it differs. */
function mark(node, name, value) {
  if ((node.dataset[name] ?? null) === value) return;
  if (value === null) delete node.dataset[name];
  else node.dataset[name] = value;
}

/** A bar with its interval. */
class Lane {
  /** What was last drawn. */
  #shown = "";

  /** @param {"whole"|"face"|"chat"} name */
  constructor(name) {
    this.fill = element("span", "fill");
    this.veil = element("span", "veil");
    this.glow = element("span", "glow");
    this.edge = element("span", "edge");
    this.track = element("span", "track", this.fill, this.veil, this.glow, this.edge);
    this.track.dataset.lane = name;
  }

  /** @param {number} [share] @param {[number, number]} [interval] */
  move(share = 0, [low, high] = [0, 0]) {
    const shown = [share, low, high].join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.fill.style.transform = `scaleX(${fraction(share)})`;
    this.edge.style.transform = `translateX(${fraction(100 * share)}%)`;
    this.veil.style.transform = span(low, share);
    this.glow.style.transform = span(share, high);
  }
}
