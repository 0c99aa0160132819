/** One breath at a time, and none without news: what nobody moves stands still. */

/** Seconds of a breath of a calm crowd and of an excited one: far slower than anything that could flash. */
const SLOW = 4.4;
const FAST = 1.5;
/** How far it swells. */
const DEPTH = { calm: 0.05, excited: 0.12 };

export class Breath {
  /** @param {...Element} bodies Which breathe; the first more than the others. */
  constructor(...bodies) {
    this.bodies = bodies;
    /** @type {Animation[]} */
    this.running = [];
    this.isDue = false;
    this.arousal = 0;
  }

  /** Something moved: a breath now, or after this one. @param {number} arousal -1..1 */
  news(arousal) {
    this.arousal = arousal;
    this.isDue = true;
    if (this.running.length === 0) this.#begin();
  }

  end() {
    for (const animation of this.running) animation.cancel();
    this.running = [];
  }

  #begin() {
    this.isDue = false;
    const part = (this.arousal + 1) / 2;
    const duration = 1000 * (SLOW + (FAST - SLOW) * part);
    const depth = DEPTH.calm + (DEPTH.excited - DEPTH.calm) * part;
    this.running = this.bodies.map((body, index) => {
      const swell = 1 + depth / (1 + 2 * index);
      const steps = [{ transform: "scale(1)" }, { transform: `scale(${swell})`, offset: 0.42 }, { transform: "scale(1)" }];
      return body.animate(steps, { duration, easing: "ease-in-out" });
    });
    this.running[0].onfinish = () => {
      this.running = [];
      if (this.isDue) this.#begin();
    };
  }
}
