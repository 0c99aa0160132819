/** The head of the plate: which expression leads and where it is going, or what the plate is waiting for. */

import { setText } from "./dom.js";
import { draw } from "./drawings.js";
import { votersOf } from "./mood.js";

/** A share that moved less than this reads as steady: the interval of a small crowd is far wider. */
const STEADY = 0.02;

/** @param {number} change */
export const wayOf = (change) => (change > STEADY ? "rising" : change < -STEADY ? "falling" : "steady");

export class Head {
  /**
   * @param {ParentNode} plate
   * @param {import("./words.js").Words} words
   */
  constructor(plate, words) {
    this.words = words;
    this.portrait = plate.querySelector(".portrait");
    this.title = plate.querySelector(".title");
    this.headline = plate.querySelector(".headline");
    this.viewers = plate.querySelector(".viewers");
    this.trend = plate.querySelector(".trend");
    this.way = plate.querySelector(".way");
    plate.querySelector(".arrow").append(draw("arrow"));
  }

  /**
   * @param {"connecting"|"live"|"gathering"|"resting"|"stale"} state
   * @param {import("./mood.js").Mood|null} mood
   */
  tell(state, mood) {
    const { words } = this;
    const top = state === "live" ? mood.top : null;
    const change = top === null ? undefined : mood.trend?.[top];
    const waiting = {
      connecting: words.connecting,
      gathering: words.gathering(mood?.viewers ?? 0, mood?.minimum_viewers ?? 0),
      resting: words.resting,
      stale: words.reconnecting,
    };
    const title = state === "live" && mood.sources?.chat?.part > 0 ? words.crowd : words.title;
    setText(this.title, state === "stale" ? words.stale : title);
    setText(this.headline, top === null ? waiting[state] : words.expressions[top]);
    this.#picture(top ?? { gathering: "crowd", resting: "rest" }[state] ?? "silence");
    const way = change === undefined ? "" : wayOf(change);
    if (this.trend.dataset.way !== way) this.trend.dataset.way = way;
    setText(this.way, way === "" ? "" : words.trend[way]);
  }

  /**
   * How many faces and chatters count; while the crowd gathers, the headline says it.
   *
   * @param {"connecting"|"live"|"gathering"|"resting"|"stale"} state
   * @param {import("./mood.js").Mood|null} mood
   */
  count(state, mood) {
    if (state !== "live") this.tell(state, mood);
    const known = state === "live" && Number.isFinite(mood.viewers);
    setText(this.viewers, known ? votersOf(mood, this.words) : "");
  }

  /** @param {string} name */
  #picture(name) {
    if (this.portrait.dataset.emotion === name) return;
    this.portrait.dataset.emotion = name;
    this.portrait.replaceChildren(draw(name));
  }
}
