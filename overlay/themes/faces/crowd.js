/** Faces side by side on one ground. Only transforms move them. */

import { element, setText } from "../../dom.js";

/** In em: a face that is the whole crowd, before everything is made to fit; and the least room that a number needs. */
const WHOLE = 8.4;
const LEAST = 2.15;
const BETWEEN = 0.35;
/** A smaller share is no face any more. */
const SMALLEST = 0.004;
/** How large they sleep while nothing is known. */
const ASLEEP = 1.5;
/** A face that has grown by this since its last pulse gives one, and then rests for a second at least. */
const GROWTH = 0.015;
const PULSE = { duration: 640, rest: 1000, swell: 1.09 };

export class Crowd {
  #shown = "";

  /**
   * @param {import("../../theme.js").Context} context
   * @param {{width: number, height: number, sign?: string}} room In em; `sign` tells it from another crowd.
   */
  constructor(context, { width, height, sign }) {
    this.room = { width, height };
    this.pulses = context.fields.pulse && context.motion !== "reduced";
    this.faces = context.show.map((emotion) => new Face(emotion, context));
    const row = element("div", "row", ...this.faces.map(({ root }) => root));
    row.style.width = `${width}em`;
    row.style.height = `${height + (context.fields.numbers ? 1.5 : 0.3)}em`;
    this.root = element("div", "crowd", ...(sign ? [context.draw(sign)] : []), row);
    this.root.dataset.crowd = sign ?? "whole";
  }

  update(crowd, numbers, lead) {
    const shown = JSON.stringify([crowd?.shares, crowd?.intervals, numbers, lead]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const shares = this.faces.map(({ emotion }) => crowd?.shares?.[emotion] ?? 0);
    const highs = this.faces.map(({ emotion }) => crowd?.intervals?.[emotion]?.[1] ?? 0);
    const isKnown = Boolean(crowd?.shares);
    const { sizes, places } = isKnown ? laidOut(shares, this.room) : asleep(shares.length, this.room);
    this.faces.forEach((face, index) => {
      const halo = isKnown && sizes[index] > 0 ? Math.sqrt(highs[index] / shares[index]) * sizes[index] : 0;
      face.lay(places[index], sizes[index], Math.min(halo, 1.35 * this.room.height), isKnown ? shares[index] : null);
      face.tell(numbers?.[face.emotion] ?? "", lead === face.emotion);
      if (this.pulses && isKnown) face.pulse(shares[index]);
    });
  }

  end() {
    for (const face of this.faces) face.end();
  }
}

/**
 * Sizes and middles of the faces in em: as large as the room allows, all by the same measure.
 *
 * @param {number[]} shares
 * @param {{width: number, height: number}} room
 */
function laidOut(shares, { width, height }) {
  const sizes = shares.map((share) => (share < SMALLEST ? 0 : WHOLE * Math.sqrt(share)));
  const tall = Math.min(1, height / Math.max(...sizes, 1e-9));
  const slots = (by) => sizes.map((size) => (size === 0 ? 0 : Math.max(LEAST, by * size) + BETWEEN));
  const long = (by) => slots(by).reduce((sum, slot) => sum + slot, 0);
  let by = tall;
  // Narrow slots do not shrink with the faces, so it takes a few steps.
  for (let step = 0; step < 6 && long(by) > width; step += 1) by *= width / long(by);
  let x = (width - long(by)) / 2;
  const places = slots(by).map((slot) => {
    x += slot;
    return x - slot / 2;
  });
  return { sizes: sizes.map((size) => by * size), places };
}

/** All alike: what isn't known has no size. */
function asleep(count, { width }) {
  const step = width / count;
  return { sizes: Array(count).fill(ASLEEP), places: Array.from({ length: count }, (_, index) => (index + 0.5) * step) };
}

class Face {
  #pulsed = { at: -Infinity, share: 0 };
  #animation = null;

  constructor(emotion, context) {
    this.emotion = emotion;
    this.halo = element("span", "halo");
    this.body = element("span", "body-of", element("span", "beat", context.draw(emotion)));
    this.number = element("span", "number");
    this.tag = element("span", "tag", this.number);
    this.root = element("span", "face", this.halo, this.body, ...(context.fields.numbers ? [this.tag] : []));
    this.root.dataset.emotion = emotion;
  }

  /** All in em. */
  lay(place, size, halo, share) {
    const x = `translateX(${place.toFixed(3)}em)`;
    this.body.style.transform = `${x} scale(${(size / WHOLE).toFixed(4)})`;
    // About the face's own middle.
    this.halo.style.transform = `${x} translateY(${(-size / 2).toFixed(3)}em) scale(${(halo / WHOLE).toFixed(4)})`;
    this.tag.style.transform = x;
    const is = share === null ? "asleep" : size === 0 ? "gone" : "there";
    if (this.root.dataset.is !== is) this.root.dataset.is = is;
    if (share === null) delete this.root.dataset.share;
    else this.root.dataset.share = share.toFixed(5);
  }

  tell(number, leads) {
    setText(this.number, number);
    if ("top" in this.root.dataset === leads) return;
    if (leads) this.root.dataset.top = "";
    else delete this.root.dataset.top;
  }

  pulse(share) {
    const last = this.#pulsed;
    last.share = Math.min(last.share, share);
    const now = performance.now();
    if (share - last.share < GROWTH || now - last.at < PULSE.duration + PULSE.rest) return;
    this.#pulsed = { at: now, share };
    const steps = [{ transform: "scale(1)" }, { transform: `scale(${PULSE.swell})`, offset: 0.35 }, { transform: "scale(1)" }];
    this.#animation = this.body.firstChild.animate(steps, { duration: PULSE.duration, easing: "ease-out" });
  }

  end() {
    this.#animation?.cancel();
  }
}
