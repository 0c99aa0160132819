/**
 * The overlay's element for the streamer's own side: their face and the crowd's, and between them how far the crowd follows
 * and how sure that is. It belongs to the core, under every theme's stage; a theme places it by its style sheet, or hides it
 * there and draws what `view` tells in a way of its own. While the streamer has no agent it takes no room.
 */

import { element, setText } from "./dom.js";
import { Gauge } from "./gauge.js";

/** What is drawn for a side whose expression isn't known, or may not be shown. */
const UNKNOWN = { self: "silence", crowd: "crowd" };

export class ResonancePart {
  /**
   * @param {HTMLElement} place An empty element on the plate.
   * @param {import("./words.js").Words} words
   * @param {(name: string) => SVGSVGElement} draw
   */
  constructor(place, words, draw) {
    this.place = place;
    this.words = words;
    this.draw = draw;
    this.gauge = new Gauge();
    this.self = element("span", "self");
    this.crowd = element("span", "crowd-face");
    this.score = element("span", "score");
    this.follow = element("span", "follow");
    const between = element("div", "between", this.self, this.gauge.root, this.crowd);
    const sides = [words.streamer, words.crowdShort].map((word) => element("span", "side", word));
    place.append(between, element("p", "sides", sides[0], this.follow, sides[1]), this.score);
  }

  /** @param {import("./view.js").View} view */
  update(view) {
    const { place } = this;
    const root = document.documentElement;
    const isHere = view.follow !== "";
    if (place.hidden === isHere) {
      place.hidden = !isHere;
      // The plate makes room for it: see --resonance-height in overlay.css.
      if (isHere) root.dataset.resonance = "";
      else delete root.dataset.resonance;
    }
    if (!isHere) return;
    const { resonance } = view;
    const is = resonance?.state !== "ok" ? "none" : resonance.significant ? "clear" : "chance";
    mark(place, "is", is);
    mark(place, "streamer", view.streamer === null ? "hidden" : "shown");
    mark(place, "disagree", view.disagreement === null ? "no" : "yes");
    this.#face(this.self, view.streamerLead, "self", "--from");
    this.#face(this.crowd, view.lead, "crowd", "--to");
    this.gauge.move(resonance?.score ?? null, resonance?.interval ?? null);
    setText(this.score, view.score);
    setText(this.follow, view.follow);
  }

  #face(holder, emotion, side, colour) {
    const picture = emotion ?? UNKNOWN[side];
    if (holder.dataset.emotion === picture) return;
    holder.dataset.emotion = picture;
    holder.replaceChildren(this.draw(picture));
    this.place.style.setProperty(colour, emotion === null ? "var(--quiet)" : `var(--${emotion})`);
  }
}

/** Sets an attribute where it differs. */
function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}
