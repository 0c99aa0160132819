/** One line along the edge: what leads, the whole crowd as one band, and how many it is. */

import { element, setText } from "../../dom.js";
import { segmentsOf } from "../../segments.js";

const fraction = (value) => value.toFixed(5);
const span = ([from, to]) => `translateX(${fraction(100 * from)}%) scaleX(${fraction(Math.max(0, to - from))})`;
/** In em: narrower than this, a face would hang over its neighbours; and a face with its number. */
const ROOM = { face: 1.75, number: 4.3 };

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const portrait = element("span", "portrait");
  const phrase = element("h1", "phrase");
  const lead = element("span", "lead-number");
  const people = element("p", "people");
  const whole = new Band(context);
  const bands = context.apart ? { whole, face: new Band(context, "crowd"), chat: new Band(context, "voice") } : { whole };
  const column = element("div", "bands", ...Object.values(bands).map(({ root }) => root));
  stage.append(element("div", "strip", element("div", "leader", portrait, phrase, lead), column, people));
  // Who resizes the source sees it at the next news.
  const measure = () => Object.values(bands).forEach((band) => band.forget());
  window.addEventListener("resize", measure);
  return {
    update(view) {
      setText(phrase, view.phrase);
      setText(lead, view.lead === null ? "" : view.numbers[view.lead]);
      setText(people, view.people);
      if (portrait.dataset.emotion !== view.picture) {
        portrait.dataset.emotion = view.picture;
        portrait.replaceChildren(context.draw(view.picture));
      }
      const isApart = String(view.parts !== null);
      if (column.dataset.apart !== isApart) column.dataset.apart = isApart;
      whole.update(view, view.lead, view.numbers);
      bands.face?.update(view.parts?.face ?? null, view.lead);
      bands.chat?.update(view.parts?.chat ?? null, view.lead);
    },
    dispose() {
      window.removeEventListener("resize", measure);
      stage.replaceChildren();
    },
  };
}

class Band {
  #shown = "";
  #width = 0;

  /**
   * @param {import("../../theme.js").Context} context
   * @param {string} [sign] Drawn before it, to tell it from another.
   */
  constructor(context, sign) {
    this.show = context.show;
    this.withNumbers = context.fields.numbers && sign === undefined;
    this.segments = context.show.map((emotion) => new Segment(emotion, context));
    const layers = ["all", "left", "right", "seam", "rider"].map((layer) => this.segments.map((segment) => segment[layer]));
    this.track = element("div", "track", ...layers.flat());
    this.root = element("div", "band", ...(sign ? [context.draw(sign)] : []), this.track);
    this.root.dataset.band = sign ?? "whole";
  }

  /** In em. */
  width() {
    this.#width ||= this.track.offsetWidth / parseFloat(getComputedStyle(this.track).fontSize);
    return this.#width;
  }

  forget() {
    this.#width = 0;
    this.#shown = "";
  }

  update(crowd, lead, numbers = null) {
    const segments = segmentsOf(this.show, crowd);
    const shown = JSON.stringify([segments, lead, this.withNumbers && numbers]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const width = this.width();
    segments.forEach((segment, index) => this.segments[index].update(segment, lead, this.withNumbers ? numbers : null, width));
  }
}

class Segment {
  constructor(emotion, context) {
    this.emotion = emotion;
    this.number = element("span", "number");
    const made = (name, ...children) => {
      const part = element("span", name, ...children);
      part.dataset.emotion = emotion;
      return part;
    };
    this.all = made("all");
    this.left = made("unsure left");
    this.right = made("unsure right");
    this.seam = made("seam");
    this.rider = made("rider", element("span", "ride", context.draw(emotion), this.number));
  }

  update({ from, to, sure }, lead, numbers, width) {
    const share = to - from;
    this.all.style.transform = span([from, to]);
    this.left.style.transform = span([from, sure[0]]);
    this.right.style.transform = span([sure[1], to]);
    this.seam.style.transform = `translateX(${fraction(100 * to)}%)`;
    this.rider.style.transform = `translateX(${fraction(50 * (from + to))}%)`;
    this.all.dataset.share = fraction(share);
    const room = numbers !== null && share * width > ROOM.number ? "number" : share * width > ROOM.face ? "face" : "none";
    if (this.rider.dataset.room !== room) this.rider.dataset.room = room;
    if (numbers !== null) setText(this.number, numbers[this.emotion]);
    this.seam.hidden = share < 0.002;
    if (("top" in this.all.dataset) !== (lead === this.emotion)) {
      if (lead === this.emotion) this.all.dataset.top = "";
      else delete this.all.dataset.top;
    }
  }
}
