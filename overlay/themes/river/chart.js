/**
 * The lines, on a canvas that is drawn at most once a second and only when there is news. Time goes on without a stroke:
 * what is drawn goes on flat beyond the right edge, out of sight, and a transform carries it to the left.
 */

import { element } from "../../dom.js";

/** Seconds that are drawn beyond the present, as long as which nothing need be drawn anew. */
const AHEAD = 60;
/** Seconds between two drawings. */
const EVERY = 1;
/** Pixels between two points of a line. */
const FINE = 2.5;
const THICK = { lead: 3.6, other: 1.8 };

export class Chart {
  #drawn = { at: -Infinity, key: "" };
  #width = 0;
  #height = 0;

  /**
   * @param {import("../../theme.js").Context} context
   * @param {number} seconds
   */
  constructor(context, seconds) {
    this.context = context;
    this.seconds = seconds;
    this.canvas = element("canvas", "lines");
    this.root = element("div", "window", this.canvas);
  }

  /** Of what is in sight. @param {import("../../view.js").View} view */
  highest({ past, now, shares }) {
    const points = past.filter((point) => point.shares !== null && point.time >= now - this.seconds);
    return [{ shares }, ...points].reduce((most, point) => Math.max(most, ...Object.values(point.shares ?? {})), 0);
  }

  forget() {
    this.#width = 0;
    this.#drawn.key = "";
  }

  /** @param {import("../../view.js").View} view @param {number} top The share at the upper edge. */
  update(view, top) {
    const now = view.now ?? 0;
    const news = view.past[view.past.length - 1];
    const key = JSON.stringify([view.lead, view.state, top, news?.shares]);
    const since = now - this.#drawn.at;
    const isDue = key !== this.#drawn.key && (since >= EVERY || this.#drawn.key === "");
    if (isDue || since > AHEAD || since < 0) {
      this.#drawn = { at: now, key };
      this.#draw(view, now, top);
    }
    const shift = -((now - this.#drawn.at) * this.#width) / this.seconds;
    this.canvas.style.transform = `translateX(${shift.toFixed(2)}px)`;
  }

  #draw(view, now, top) {
    const { canvas } = this;
    if (this.#width === 0) {
      [this.#width, this.#height] = [this.root.offsetWidth, this.root.offsetHeight];
      const ratio = window.devicePixelRatio || 1;
      const wide = this.#width * (1 + AHEAD / this.seconds);
      Object.assign(canvas, { width: Math.round(wide * ratio), height: Math.round(this.#height * ratio) });
      Object.assign(canvas.style, { width: `${wide}px`, height: `${this.#height}px` });
    }
    const pen = canvas.getContext("2d");
    const ratio = canvas.height / this.#height;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineJoin = pen.lineCap = "round";
    const style = getComputedStyle(canvas);
    const place = {
      x: (time) => this.#width * (1 - (now - time) / this.seconds),
      y: (share) => this.#height * (1 - share / top),
      em: parseFloat(style.fontSize) / 20,
    };
    const stretches = this.#stretches(view.past, now);
    const { show, fields } = this.context;
    const lead = view.lead ?? null;
    if (lead !== null && fields.band) {
      for (const stretch of stretches) band(pen, stretch, lead, place, fading(pen, this.#width, color(style, lead), 0.2));
    }
    const order = [...show.filter((emotion) => emotion !== lead), ...(lead === null ? [] : [lead])];
    for (const emotion of order) {
      const leads = emotion === lead;
      const ink = fading(pen, this.#width, color(style, emotion), leads ? 1 : 0.85);
      const width = place.em * (leads ? THICK.lead : THICK.other);
      for (const stretch of stretches) this.#line(pen, stretch, emotion, place, ink, width, style, leads && view.parts !== null);
    }
  }

  #line(pen, stretch, emotion, place, ink, width, style, isApart) {
    const source = (name) => (point) => (point.parts ?? { [name]: point })[name].shares[emotion];
    const lines = isApart ? [[source("face"), []], [source("chat"), [6 * place.em, 6 * place.em]]] : [[(point) => point.shares[emotion], []]];
    for (const [read, dash] of lines) {
      // A seam in the plate's colour, so that crossing lines are told apart without their colours.
      const seam = fading(pen, this.#width, color(style, "seam"), 1);
      for (const [stroke, thick] of [[seam, width + 2 * place.em], [ink, width]]) {
        pen.beginPath();
        smooth(pen, stretch.map((point) => [place.x(point.time), place.y(read(point))]));
        pen.setLineDash(stroke === ink ? dash : []);
        pen.strokeStyle = stroke;
        pen.lineWidth = thick;
        pen.stroke();
      }
    }
    pen.setLineDash([]);
  }

  /** What is known, without what would lie on the same pixels; the last one goes on as it is. */
  #stretches(past, now) {
    const found = [];
    const fine = (FINE * this.seconds) / this.#width;
    let stretch = [];
    past.forEach((point, index) => {
      if (point.shares === null || point.time < now - this.seconds - 5) {
        stretch = [];
        return;
      }
      if (stretch.length === 0) found.push(stretch);
      const isEnd = index === past.length - 1 || past[index + 1].shares === null;
      if (isEnd || stretch.length === 0 || point.time - stretch[stretch.length - 1].time >= fine) stretch.push(point);
    });
    const last = found[found.length - 1];
    if (last && last === stretch && stretch.length > 0) last.push({ ...last[last.length - 1], time: now + 2 * AHEAD });
    return found;
  }
}

/** Through the middles between the points, bent at the points: no corners, and no swing beyond what was measured. */
function smooth(pen, points) {
  points.forEach(([x, y], index) => {
    const [nextX, nextY] = points[index + 1] ?? [x, y];
    pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
}

/** The 90 % interval about a line. */
function band(pen, stretch, emotion, place, ink) {
  pen.beginPath();
  for (const { time, intervals } of stretch) pen.lineTo(place.x(time), place.y(intervals[emotion][1]));
  for (const { time, intervals } of [...stretch].reverse()) pen.lineTo(place.x(time), place.y(intervals[emotion][0]));
  pen.closePath();
  pen.fillStyle = ink;
  pen.fill();
}

/** The past is fainter than the present. */
function fading(pen, width, [red, green, blue, alpha = 1], strength) {
  const ink = pen.createLinearGradient(0, 0, width, 0);
  const stops = [[0, 0], [0.12, 0.35], [0.55, 0.8], [0.9, 1]];
  for (const [at, part] of stops) ink.addColorStop(at, `rgba(${red}, ${green}, ${blue}, ${part * strength * alpha})`);
  return ink;
}

/** The theme's colour as numbers; the browser reads whatever CSS allows. */
function color(style, emotion) {
  const pen = (color.pen ??= document.createElement("canvas").getContext("2d"));
  pen.fillStyle = "#000";
  pen.fillStyle = style.getPropertyValue(`--${emotion}`).trim();
  const text = pen.fillStyle;
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return text.match(/[\d.]+/g).map(Number);
}
