/** The present, at the right end of the lines: a whisker, a face and a number for each. */

import { element, setText } from "../../dom.js";

/** In em: what a mark takes of the height. */
const ROOM = 1.24;
/** A smaller share has no mark; its line lies on the ground. */
const SMALLEST = 0.01;

export class Marks {
  #shown = "";

  /** @param {import("../../theme.js").Context} context */
  constructor(context) {
    this.context = context;
    this.marks = context.show.map((emotion) => {
      const whisker = element("span", "whisker");
      const dot = element("span", "dot-of");
      const number = element("span", "number");
      const face = element("span", "mark", context.draw(emotion), number);
      const root = element("div", "mark-of", element("span", "lane", whisker), element("span", "lane", dot), face);
      root.dataset.emotion = emotion;
      return { emotion, root, whisker, dot, face, number };
    });
    this.root = element("div", "marks", ...this.marks.map(({ root }) => root));
    context.show.forEach((_, index) => this.marks[index].root.style.setProperty("--lane", String(index)));
  }

  update(view, top) {
    const shown = JSON.stringify([view.shares, view.intervals, view.numbers, view.numbersApart, view.lead, view.state, top]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const height = this.root.offsetHeight / parseFloat(getComputedStyle(this.root).fontSize);
    const places = apart(this.marks.map(({ emotion }) => view.shares?.[emotion] ?? null), top, height);
    this.marks.forEach((mark, index) => {
      const { emotion, root } = mark;
      const share = view.shares?.[emotion];
      const is = share === undefined ? "unknown" : places[index] === null ? "small" : "there";
      if (root.dataset.is !== is) root.dataset.is = is;
      if (root.dataset.top !== String(view.lead === emotion)) root.dataset.top = String(view.lead === emotion);
      if (share === undefined) {
        delete root.dataset.share;
        return;
      }
      root.dataset.share = share.toFixed(5);
      const [low, high] = view.intervals[emotion].map((end) => Math.min(1, end / top));
      mark.whisker.style.transform = `translateY(${(-100 * low).toFixed(3)}%) scaleY(${(high - low).toFixed(5)})`;
      mark.dot.style.transform = `translateY(${(-100 * Math.min(1, share / top)).toFixed(3)}%)`;
      if (places[index] !== null) mark.face.style.transform = `translateY(${(-places[index]).toFixed(3)}em)`;
      const numbers = view.numbersApart;
      setText(mark.number, numbers ? `${numbers.face[emotion]} ┊ ${numbers.chat[emotion]}` : view.numbers[emotion]);
    });
  }
}

/**
 * How high each mark stands above the ground, in em: at its share, but never over another one.
 *
 * @param {(number|null)[]} shares
 * @returns {(number|null)[]}
 */
function apart(shares, top, height) {
  const marks = shares
    .map((share, index) => ({ index, place: share === null || share < SMALLEST ? null : (height * share) / top }))
    .filter(({ place }) => place !== null)
    .sort((one, other) => one.place - other.place || other.index - one.index);
  const least = Math.min(ROOM, height / Math.max(1, marks.length));
  let ground = least / 2;
  for (const mark of marks) {
    mark.place = Math.max(mark.place, ground);
    ground = mark.place + least;
  }
  let ceiling = height - least / 2;
  for (const mark of [...marks].reverse()) {
    mark.place = Math.min(mark.place, ceiling);
    ceiling = mark.place - least;
  }
  const found = shares.map(() => null);
  for (const { index, place } of marks) found[index] = place;
  return found;
}
