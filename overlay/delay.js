/** Holds frames back, so that the overlay keeps step with a picture that is late. Pure: the time comes in. */

/** Frames closer than this in seconds are one, so that a long delay holds few. */
const SPACING = 0.17;

/** @template Frame */
export class Delay {
  /** @type {{due: number, frame: Frame}[]} */ #held = [];

  /** @param {number} seconds */
  constructor(seconds) {
    this.seconds = seconds;
  }

  /**
   * @param {Frame} frame
   * @param {number} now In seconds, by any clock that goes on.
   */
  put(frame, now) {
    const due = now + this.seconds;
    const last = this.#held[this.#held.length - 1];
    if (last && due - last.due < SPACING) last.frame = frame;
    else this.#held.push({ due, frame });
  }

  /**
   * The newest frame whose time has come; those before it are passed over.
   *
   * @param {number} now
   * @returns {Frame|null}
   */
  take(now) {
    const waiting = this.#held.findIndex(({ due }) => due > now);
    const come = this.#held.splice(0, waiting === -1 ? this.#held.length : waiting);
    return come.length > 0 ? come[come.length - 1].frame : null;
  }

  /** Seconds until the next one's time comes; null when none is held. @param {number} now */
  wait(now) {
    return this.#held.length > 0 ? Math.max(0, this.#held[0].due - now) : null;
  }

  clear() {
    this.#held = [];
  }
}
