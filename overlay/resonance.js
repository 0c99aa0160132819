/**
 * The overlay's element for the streamer's own side: their face and the crowd's, and between them how far the crowd follows
 * and how sure that is. It belongs to the core, under every theme's stage; a theme places it by its style sheet, or hides it
 * there and draws what `view` tells in a way of its own. While the streamer has no agent it takes no room.
 */

import { element, setText } from "./dom.js";
import { Gauge } from "./gauge.js";

/** What is drawn for a crowd that has no expression yet. */
const UNKNOWN = "crowd";

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
    const isHere = view.follows !== "";
    if (place.hidden === isHere) {
      place.hidden = !isHere;
      // The plate makes room for it: see --resonance-height in overlay.css.
      if (isHere) root.dataset.resonance = "";
      else delete root.dataset.resonance;
    }
    if (!isHere) return;
    const { resonance } = view;
    mark(place, "is", view.follows);
    mark(place, "streamer", view.streamerLead === null ? "hidden" : "shown");
    mark(place, "disagree", view.disagreement === null ? "no" : "yes");
    this.#face(this.self, view.streamerLead, "--from");
    this.#face(this.crowd, view.lead, "--to");
    // Between a bar and none there is no to and fro: that changes as slowly as what is in words.
    if (view.follows === "unknown") this.gauge.move(null, null);
    else if (resonance?.state === "ok") this.gauge.move(resonance.score, resonance.interval);
    setText(this.score, view.score);
    setText(this.follow, view.follow);
  }

  #face(holder, emotion, colour) {
    const picture = emotion ?? UNKNOWN;
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
