/** A ring of arcs that only turn: thick as far as a share is sure, thin over the rest of it. */

import { element } from "../../dom.js";
import { segmentsOf } from "../../segments.js";

/** Turns that stay empty at either end of an arc, so that neighbours are told apart without their colours. */
const GAP = 0.003;
/** A smaller share has no room for a face. */
const ROOM = 0.055;
/** What is shorter than the ring is thick would stand across it as the bar of a cross. */
const STUB = 0.03;

const turns = (value) => `rotate(${value.toFixed(5)}turn)`;

export class Ring {
  #shown = "";

  /**
   * @param {import("../../theme.js").Context} context
   * @param {"whole"|"face"|"chat"} name
   */
  constructor(context, name) {
    this.show = context.show;
    this.parts = context.show.map((emotion) => ({
      thin: new Arc(emotion, "thin"),
      thick: new Arc(emotion, "thick"),
      rider: rider(emotion, context),
    }));
    const layers = ["thin", "thick"].flatMap((layer) => this.parts.map((part) => part[layer].root));
    const riders = context.fields.faces ? this.parts.map((part) => part.rider.root) : [];
    this.root = element("div", "ring", element("span", "groove"), ...layers, ...riders);
    this.root.dataset.ring = name;
  }

  update(crowd) {
    const segments = segmentsOf(this.show, crowd);
    const shown = JSON.stringify(segments);
    if (shown === this.#shown) return;
    this.#shown = shown;
    segments.forEach(({ from, to, sure }, index) => {
      const { thin, thick, rider } = this.parts[index];
      thin.lay(from, to);
      const [start, end] = [Math.max(sure[0], from + GAP), Math.min(sure[1], to - GAP)];
      thick.lay(start, end - start < STUB ? start : end);
      const middle = (from + to) / 2;
      rider.root.style.transform = turns(middle);
      rider.face.style.transform = turns(-middle);
      rider.root.dataset.room = String(to - from > ROOM);
    });
  }
}

/** Two halves, each behind a window of half the ring, since a half circle that turns can fill no more than a half. */
class Arc {
  constructor(emotion, name) {
    this.bows = [element("i", "bow"), element("i", "bow")];
    const halves = this.bows.map((bow, index) => element("span", index === 0 ? "half right" : "half left", bow));
    this.root = element("span", `arc ${name}`, ...halves);
    this.root.dataset.emotion = emotion;
  }

  /** In turns, clockwise from the top. */
  lay(from, to) {
    const gap = Math.min(GAP, (to - from) / 4);
    const length = Math.max(0, to - from - (this.root.className.endsWith("thin") ? 2 * gap : 0));
    this.root.style.transform = turns(from + (this.root.className.endsWith("thin") ? gap : 0));
    this.root.dataset.length = length.toFixed(5);
    this.bows[0].style.transform = turns(Math.min(length, 0.5) - 0.5);
    this.bows[1].style.transform = turns(Math.max(length, 0.5) - 0.5);
  }
}

function rider(emotion, context) {
  const face = element("span", "ride", context.draw(emotion));
  const root = element("span", "rider", face);
  root.dataset.emotion = emotion;
  return { root, face };
}
