/** The dashboard's panel of viewers who chose to be shown: a face each, and buttons to hide one or all. */

import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";
import { Seats } from "./seats.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const EMPTY = {
  on: "Nobody has chosen to be shown. Viewers do it with --show-me in their agent; it is off unless they do.",
  hidden: "You have hidden all tiles, here and on the overlay. Nobody is shown until you let them.",
};

export class TilesPanel {
  /** @type {import("./mood.js").Tiles|null} */
  #frame = null;

  /**
   * @param {HTMLElement} panel
   * @param {import("./words.js").Words} words
   */
  constructor(panel, words) {
    this.panel = panel;
    this.find = (selector) => panel.querySelector(selector);
    const looks = words.looks;
    const more = (seat) => [this.#hideButton(seat)];
    this.seats = new Seats(this.find(".tiles-list"), { draw, looks, unsure: "Can't be read", get moves() { return !STILL.matches; }, more });
    this.find(".tiles-switch").addEventListener("click", () => this.#switch());
  }

  /** @param {import("./mood.js").Tiles|null} frame As it came; null while the bot is away, when nothing is known. */
  tell(frame) {
    this.#frame = frame;
    this.panel.hidden = frame === null || frame.state === "off";
    const { tiles = [], more = 0, state = "on" } = frame ?? {};
    this.seats.update(tiles);
    const count = tiles.length + more;
    const shown = count === 1 ? "1 viewer chose to be shown" : `${count} viewers chose to be shown`;
    setText(this.find(".tiles-note"), tiles.length + more === 0 ? EMPTY[state] ?? "" : more ? `${shown}, ${more} of them without a place` : shown);
    setText(this.find(".tiles-switch"), state === "hidden" ? "Let tiles be shown" : "Hide all");
  }

  #hideButton(seat) {
    const button = Object.assign(element("button", "", "Hide"), { type: "button" });
    seat.onName = (name) => button.setAttribute("aria-label", `Hide ${name || "a viewer without a name"}`);
    button.addEventListener("click", () => this.#ask("hide", { seat: seat.id }));
    return button;
  }

  #switch() {
    this.#ask("switch", { show: this.#frame?.state === "hidden" });
  }

  /** What becomes of it comes with the next frame. */
  async #ask(what, wanted) {
    const said = this.find(".tiles-said");
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(`/api/tiles/${what}`, { method: "POST", headers, body: JSON.stringify(wanted) });
      setText(said, (await answer.json()).said);
    } catch {
      setText(said, "The bot did not answer; try again.");
    }
  }
}
