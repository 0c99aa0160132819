/** The line that a moderator lets the overlay say: a bubble above the plate, or over its bars where there is no room. */

import { setText } from "./dom.js";
import { draw } from "./drawings.js";

export class Said {
  /** @param {HTMLElement} plate */
  constructor(plate) {
    this.plate = plate;
    this.bubble = plate.querySelector(".said");
    this.words = plate.querySelector(".line-said");
    plate.querySelector(".voice").append(draw("voice"));
  }

  /** @param {string|null} text Shown as it is, never as markup; null when nothing is said. */
  tell(text) {
    if (text === null) {
      // The words stay while the bubble fades.
      delete this.bubble.dataset.shown;
      return;
    }
    setText(this.words, text);
    // Asked again while it is shown: the plate may have grown.
    const room = this.plate.getBoundingClientRect().top;
    const place = this.bubble.offsetHeight * 1.15 < room ? "above" : "over";
    if (this.bubble.dataset.place !== place) this.bubble.dataset.place = place;
    if (!("shown" in this.bubble.dataset)) this.bubble.dataset.shown = "";
  }
}
