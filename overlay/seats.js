/**
 * The tiles of viewers who chose to be shown, as elements of a list: each is built once and then shows what changed.
 * Used by the dashboard and by the theme `tiles`; looks are the style sheets' (seats.css).
 *
 * Who goes is gone: name and face leave the page in the very moment, and only an empty disc fades. Names are strangers'
 * words and only ever text, each in a direction of its own.
 */

import { element, setText } from "./dom.js";

const COME = { duration: 320, easing: "cubic-bezier(.2, .9, .3, 1.2)" };
const MOVE = { duration: 320, easing: "ease-out" };
const CHANGE = { duration: 220, easing: "ease-out" };
const GO = { duration: 260, easing: "ease-in" };

/** Under this, an expression is drawn small, in a dashed ring: the less of a face there is, the less is known of it. */
const SURE = 0.6;

/**
 * @typedef {object} Look
 * @property {(name: string) => SVGSVGElement} draw
 * @property {Record<string, string>} looks An expression in words.
 * @property {string} unsure The phrase for a face that can't be read surely.
 * @property {string} nobody What an anonymous seat is called, where it must be called something.
 * @property {boolean} moves Whether anything may move.
 * @property {readonly string[]} [show] The expressions that may be shown; others are drawn as unsure.
 * @property {(seat: Seat) => Element[]} [more] What else a tile holds. It may set `seat.onName`.
 */

export class Seats {
  /** @type {Map<string, Seat>} */
  #seats = new Map();

  /**
   * @param {Element} list
   * @param {Look} look
   */
  constructor(list, look) {
    this.list = list;
    this.look = look;
  }

  /** @param {readonly import("./mood.js").Tile[]} tiles In the order in which they are to stand. */
  update(tiles) {
    const staying = new Set(tiles.map(({ seat }) => seat));
    const moved = tiles.length !== this.#seats.size || tiles.some(({ seat }) => !this.#seats.has(seat));
    const before = moved ? this.#places() : null;
    for (const [name, seat] of this.#seats) {
      if (staying.has(name)) continue;
      this.#seats.delete(name);
      seat.leave();
    }
    const fresh = [];
    for (const tile of tiles) {
      let seat = this.#seats.get(tile.seat);
      if (seat === undefined) {
        seat = new Seat(this.look);
        this.#seats.set(tile.seat, seat);
        fresh.push(seat);
        this.list.append(seat.item);
      }
      seat.tell(tile);
    }
    if (before !== null) this.#slide(before, fresh);
  }

  #places() {
    if (!this.#moves()) return new Map();
    return new Map([...this.#seats.values()].map((seat) => [seat, seat.item.getBoundingClientRect()]));
  }

  /** From where they were to where they are, so that the eye can follow. @param {Map<Seat, DOMRect>} before */
  #slide(before, fresh) {
    if (!this.#moves()) return;
    for (const seat of fresh) seat.item.animate([{ opacity: 0, transform: "scale(0.5)" }, { opacity: 1, transform: "none" }], COME);
    for (const seat of this.#seats.values()) {
      const was = before.get(seat);
      const is = was && seat.item.getBoundingClientRect();
      if (!is || (Math.abs(was.left - is.left) < 1 && Math.abs(was.top - is.top) < 1)) continue;
      seat.item.animate([{ transform: `translate(${was.left - is.left}px, ${was.top - is.top}px)` }, { transform: "none" }], MOVE);
    }
  }

  /** What nobody sees needn't move, and would wait for its first frame with a name in it. */
  #moves() {
    return this.look.moves && !document.hidden && !("snap" in document.documentElement.dataset);
  }
}

class Seat {
  #drawn = "";

  /** @param {Look} look */
  constructor(look) {
    this.look = look;
    this.face = element("span", "seat-face");
    this.name = element("bdi", "seat-name");
    this.expression = element("span", "seat-looks");
    // The direction of the first strong letter, for where a name is too long and for the dots behind it.
    this.name.dir = "auto";
    this.id = "";
    /** @type {(name: string) => void} */
    this.onName = () => {};
    this.item = element("li", "seat", this.face, this.name, this.expression, ...(look.more?.(this) ?? []));
  }

  /** @param {import("./mood.js").Tile} tile */
  tell({ seat, name, top, sure }) {
    if (this.id === "" || this.name.textContent !== (name ?? "")) this.onName(name ?? "");
    this.id = seat;
    const shown = this.look.show === undefined || this.look.show.includes(top) ? top : null;
    setText(this.name, name ?? "");
    setText(this.expression, shown === null ? this.look.unsure : this.look.looks[shown]);
    const how = shown === null ? "none" : sure < SURE ? "half" : "full";
    if (this.item.dataset.sure !== how) this.item.dataset.sure = how;
    const drawn = shown ?? "";
    if (this.#drawn === drawn && this.face.firstChild !== null) return;
    const changes = this.#drawn !== "" && drawn !== "";
    this.#drawn = drawn;
    this.item.dataset.emotion = drawn;
    this.face.replaceChildren(element("span", "seat-ring"), ...(shown === null ? [] : [this.look.draw(shown)]));
    if (changes && this.look.moves && !document.hidden) {
      this.face.animate([{ transform: "scale(0.8)" }, { transform: "none" }], CHANGE);
    }
  }

  /** Nothing of the viewer stays; an empty disc stands where the tile was, out of the others' way, and fades. */
  leave() {
    const { item, look } = this;
    if (!look.moves || document.hidden) {
      item.remove();
      return;
    }
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = item;
    item.className = "seat seat-gone";
    item.setAttribute("aria-hidden", "true");
    item.replaceChildren(element("span", "seat-face", element("span", "seat-ring")));
    for (const key of ["emotion", "sure"]) delete item.dataset[key];
    Object.assign(item.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    const going = item.animate([{ opacity: 0.7, transform: "none" }, { opacity: 0, transform: "scale(0.4)" }], { ...GO, fill: "forwards" });
    going.finished.catch(() => {}).then(() => item.remove());
  }
}
