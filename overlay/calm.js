/**
 * Calm mode: for the streamer alone, and remembered in this browser. The numbers go, and one gentle line says how the
 * crowd looks. It tells no lies: what is hard is said softly, and not left out.
 */

import { keep, kept } from "./captions.js";
import { element } from "./dom.js";
import { draw } from "./drawings.js";

const CHOSEN = "lera-calm";

/** @type {Record<string, Record<string, string>>} */
const LINES = {
  en: {
    happiness: "They look happy with you.",
    surprise: "Something has caught their eye.",
    neutral: "They are calm and with you.",
    sadness: "A quiet, tender moment.",
    anger: "Feelings run high for a moment. It passes.",
    disgust: "Not to everyone's taste just now, and that is all right.",
    fear: "They hold their breath with you.",
    gathering: "People are on their way.",
    resting: "The mood rests. So may you.",
    stale: "The picture is away for a moment; it comes back by itself.",
    connecting: "One moment, please.",
  },
  "zh-TW": {
    happiness: "大家看起來很開心。",
    surprise: "有什麼吸引了大家的目光。",
    neutral: "大家平靜地陪著你。",
    sadness: "安靜而柔軟的一刻。",
    anger: "情緒一時有點高，會過去的。",
    disgust: "這一段不合每個人的口味，沒關係。",
    fear: "大家跟你一起屏住呼吸。",
    gathering: "觀眾正在路上。",
    resting: "心情在休息，你也可以。",
    stale: "畫面暫時離開一下，會自己回來。",
    connecting: "請稍等。",
  },
};

export class Calm {
  #shown = "";

  /**
   * @param {HTMLElement} place Where the line goes.
   * @param {HTMLButtonElement} button
   * @param {string} lang
   */
  constructor(place, button, lang) {
    this.place = place;
    this.button = button;
    this.lines = LINES[lang] ?? LINES.en;
    button.addEventListener("click", () => this.#turn(!this.isOn));
    this.#turn(kept(CHOSEN) === "on");
  }

  get isOn() {
    return document.documentElement.dataset.calm !== undefined;
  }

  /** @param {string} state @param {import("./mood.js").Emotion|null} top */
  tell(state, top) {
    const what = state === "live" ? top ?? "neutral" : state;
    if (what === this.#shown) return;
    this.#shown = what;
    const face = element("span", "calm-face", draw(state === "live" ? what : state === "resting" ? "rest" : "crowd"));
    if (state === "live") face.dataset.emotion = what;
    this.place.replaceChildren(face, element("span", "calm-words", this.lines[what] ?? this.lines.connecting));
  }

  /** @param {boolean} isOn */
  #turn(isOn) {
    if (isOn) document.documentElement.dataset.calm = "";
    else delete document.documentElement.dataset.calm;
    this.button.setAttribute("aria-pressed", String(isOn));
    keep(CHOSEN, isOn ? "on" : "off");
  }
}
