/**
 * The dashboard's panel on the streamer's own side: how they look and by what that is known, how far and how late the crowd
 * follows, for each of the seven as well, how that went in the last minutes, and who says something else than whom.
 */

import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";
import { Gauge } from "./gauge.js";
import { EMOTIONS } from "./mood.js";
import { MODALITIES, disagreementIn, resonanceIn, secondsOf, streamerIn } from "./streamer.js";
import { UNKNOWN } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";
/** Seconds of the trend; a longer break than `GAP` between two points is one on the picture, too. */
const REACH = 300;
const GAP = 12;
const STEP = 1;
const [WIDTH, HEIGHT] = [300, 60];

const PHRASES = {
  en: {
    range: (low, high) => `${low} to ${high}`,
    lag: (lag) => (lag === 0 ? "They follow at once" : `They follow ${lag} s later`),
    between: (low, high) => `${low} to ${high} s`,
    look: { streamer: "you", faces: "faces", chat: "chat" },
    disagree: (said) => `Not the same: ${said.join(", ")}.`,
    says: (side, expression) => `${side}: ${expression.toLowerCase()}`,
    trend: (score) => `The score over the last five minutes; now ${score} of 100`,
  },
  "zh-TW": {
    range: (low, high) => `${low} 到 ${high}`,
    lag: (lag) => (lag === 0 ? "觀眾同步跟上" : `觀眾慢 ${lag} 秒跟上`),
    between: (low, high) => `${low} 到 ${high} 秒`,
    look: { streamer: "你", faces: "鏡頭", chat: "聊天室" },
    disagree: (said) => `看法不同：${said.join("、")}。`,
    says: (side, expression) => `${side}${expression}`,
    trend: (score) => `最近五分鐘的分數；現在 ${score}，滿分 100`,
  },
};

const percent = (share) => `${Math.round(100 * share)}%`;

export class SelfPanel {
  /** @type {{time: number, score: number|null, interval: readonly [number, number]|null}[]} */ #past = [];
  #drawn = "";

  /**
   * @param {HTMLElement} panel
   * @param {import("./words.js").Words} words
   * @param {Record<string, string>} captions
   * @param {string} lang
   */
  constructor(panel, words, captions, lang) {
    Object.assign(this, { panel, words, captions, phrases: PHRASES[lang] ?? PHRASES.en });
    this.find = (selector) => panel.querySelector(selector);
    this.gauge = new Gauge();
    this.find(".together-gauge").append(this.gauge.root);
    this.modalities = MODALITIES.map((name) => this.#modality(name));
    this.seven = EMOTIONS.map((name) => this.#row(name));
    this.find(".together-modalities").append(...this.modalities.map(({ item }) => item));
    this.find(".together-seven").append(...this.seven.map(({ item }) => item));
    this.band = document.createElementNS(SVG, "path");
    this.line = document.createElementNS(SVG, "path");
    this.band.setAttribute("class", "trend-band");
    this.line.setAttribute("class", "trend-line");
    this.find(".together-trend svg").append(this.band, this.line);
  }

  /**
   * Remembers the score; also while nobody looks.
   *
   * @param {import("./mood.js").Mood|null} mood
   * @param {number} time By the bot's clock.
   */
  remember(mood, time) {
    const { score = null, interval = null } = resonanceIn(mood) ?? {};
    const past = this.#past;
    const last = past[past.length - 1];
    if (last && time < last.time - GAP) past.length = 0;
    else if (last && time - last.time < STEP) return;
    past.push({ time, score, interval });
    while (past[0].time < time - REACH) past.shift();
  }

  /**
   * Puts what the bot remembers before what this page has seen.
   *
   * @param {any[]} told Time, score, low and high of a second each, oldest first.
   */
  recall(told) {
    const first = this.#past[0]?.time ?? Infinity;
    const known = told.filter((point) => Array.isArray(point) && Number.isFinite(point[0]) && point[0] < first);
    const before = known.map(([time, score, low, high]) => {
      const { score: right = null, interval = null } = resonanceIn({ resonance: { state: "ok", score, low, high } }) ?? {};
      return { time, score: right, interval };
    });
    this.#past.unshift(...before.slice(-REACH));
    this.#drawn = "";
  }

  /** @param {import("./mood.js").Mood|null} mood While the bot is there; null leaves what was known, which the page dims. */
  tell(mood) {
    if (mood === null) return;
    const [streamer, resonance, disagreement] = [streamerIn(mood), resonanceIn(mood), disagreementIn(mood)];
    // An agent that has gone leaves nothing behind but that nothing is known.
    const isHere = streamer !== null || resonance?.state === "ok";
    // A bot that is too old to know of it has no agent for it either.
    this.panel.hidden = mood.resonance === undefined;
    this.find(".together-absent").hidden = isHere;
    this.find(".together-parts").hidden = !isHere;
    this.find(".together-calm").hidden = !isHere;
    this.#tellDisagreement(disagreement);
    if (!isHere) return;
    this.#tellStreamer(streamer);
    this.#tellResonance(resonance, streamer?.top ?? null, mood.top ?? null);
    this.#drawTrend(resonance);
  }

  /** @param {import("./streamer.js").Streamer|null} streamer */
  #tellStreamer(streamer) {
    const face = this.find(".together-mood");
    const top = streamer?.top ?? "";
    if (face.dataset.emotion !== top) {
      face.dataset.emotion = top;
      face.replaceChildren(...(top === "" ? [UNKNOWN] : [draw(top), element("span", "", this.words.expressions[top])]));
    }
    setText(this.find(".together-share"), streamer === null ? this.captions.younothing : percent(streamer.shares[top]));
    for (const { name, item, meter, weight } of this.modalities) {
      const part = streamer?.parts[name];
      item.dataset.there = String(part !== undefined);
      meter.style.transform = `scaleX(${(part ?? 0).toFixed(3)})`;
      setText(weight, part === undefined ? this.captions.notheard : percent(part));
    }
  }

  /** @param {import("./streamer.js").Resonance|null} resonance */
  #tellResonance(resonance, from, to) {
    const { captions, phrases } = this;
    const isKnown = resonance?.state === "ok";
    const is = !isKnown ? "none" : resonance.significant ? "clear" : "chance";
    if (this.panel.dataset.is !== is) this.panel.dataset.is = is;
    this.gauge.move(isKnown ? resonance.score : null, isKnown ? resonance.interval : null);
    for (const [end, emotion] of [["--from", from], ["--to", to]]) {
      this.panel.style.setProperty(end, emotion === null ? "var(--quiet)" : `var(--${emotion})`);
    }
    setText(this.find(".together-number"), isKnown ? String(Math.round(resonance.score)) : UNKNOWN);
    setText(this.find(".together-range"), isKnown ? phrases.range(...resonance.interval.map(Math.round)) : "");
    setText(this.find(".together-sure"), captions[{ none: "notyet", chance: "bychance", clear: "beyondchance" }[is]]);
    setText(this.find(".together-calm"), captions[{ none: "calmwait", chance: "calmapart", clear: "calmtogether" }[is]]);
    const lag = isKnown && resonance.significant ? resonance.lag : null;
    setText(this.find(".together-lag"), lag === null ? "" : phrases.lag(secondsOf(lag)));
    const ends = lag === null ? null : resonance.lagInterval;
    setText(this.find(".together-lag-range"), ends === null ? "" : phrases.between(...ends.map(secondsOf)));
    for (const { name, item, meter, number } of this.seven) {
      const score = (isKnown ? resonance.emotions?.[name] : null) ?? null;
      item.dataset.there = String(score !== null);
      meter.style.transform = `scaleX(${((score ?? 0) / 100).toFixed(3)})`;
      setText(number, score === null ? UNKNOWN : String(Math.round(score)));
    }
  }

  /** @param {import("./streamer.js").Disagreement|null} disagreement */
  #tellDisagreement(disagreement) {
    const { phrases, words } = this;
    const said = disagreement?.between.map((side) => phrases.says(phrases.look[side], words.expressions[disagreement.says[side]]));
    setText(this.find(".together-disagree"), said ? phrases.disagree(said) : "");
  }

  #drawTrend(resonance) {
    const now = this.#past[this.#past.length - 1]?.time ?? 0;
    const label = this.phrases.trend(resonance?.state === "ok" ? Math.round(resonance.score) : UNKNOWN);
    const image = this.find(".together-trend svg");
    if (image.getAttribute("aria-label") !== label) image.setAttribute("aria-label", label);
    const drawn = `${now}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const x = (time) => (WIDTH * (1 - (now - time) / REACH)).toFixed(1);
    const y = (score) => (HEIGHT * (1 - score / 100)).toFixed(1);
    const path = (points) => points.map(([time, score], index) => `${index === 0 ? "M" : "L"}${x(time)} ${y(score)}`).join("");
    const stretches = this.#stretches();
    this.line.setAttribute("d", stretches.map((points) => path(points.map(({ time, score }) => [time, score]))).join(""));
    const around = (points) => [...points.map(({ time, interval }) => [time, interval[1]]), ...[...points].reverse().map(({ time, interval }) => [time, interval[0]])];
    this.band.setAttribute("d", stretches.map((points) => `${path(around(points))}Z`).join(""));
  }

  /** What is known, without what isn't between. */
  #stretches() {
    const found = [];
    let last = null;
    for (const point of this.#past) {
      if (point.score === null) {
        last = null;
        continue;
      }
      if (last === null || point.time - last.time > GAP) found.push([]);
      found[found.length - 1].push(point);
      last = point;
    }
    return found;
  }

  #modality(name) {
    const meter = element("span", "meter");
    const weight = element("span", "together-value");
    const item = element("li", "", element("span", "together-name", this.captions[`of${name}`]), element("span", "together-track", meter), weight);
    return { name, item, meter, weight };
  }

  #row(name) {
    const meter = element("span", "meter");
    const number = element("span", "together-value", UNKNOWN);
    const label = element("span", "together-name", draw(name), this.words.expressions[name]);
    const item = element("li", "", label, element("span", "together-track", meter), number);
    item.dataset.emotion = name;
    return { name, item, meter, number };
  }
}
