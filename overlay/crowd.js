/** The dashboard's view of the crowd now: four cards, and a table of the seven. */

import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";
import { EMOTIONS, votersOf } from "./mood.js";
import { wayOf } from "./view.js";

const UNKNOWN = "–";

/** Words that are put together with numbers, or chosen by one. */
export const PHRASES = {
  en: {
    valence: ["Very unpleasant", "Unpleasant", "Slightly unpleasant", "Balanced", "Slightly pleasant", "Pleasant", "Very pleasant"],
    arousal: ["Subdued", "Calm", "Lively", "Excited", "Very excited"],
    connected: (count) => `${count} connected`,
    needed: (count) => `${count} needed`,
    chat: (part) => `${part} from chat`,
    faces: (have, need) => `${have} of ${need} faces`,
    signal: { connecting: "Connecting…", live: "Live", stale: "No signal, reconnecting…", gathering: "Gathering the crowd" },
    resting: "Resting: nothing is read or counted",
    hidden: "the overlay is hidden",
  },
  "zh-TW": {
    valence: ["很不愉快", "不愉快", "有點不愉快", "平衡", "有點愉快", "愉快", "很愉快"],
    arousal: ["低落", "平靜", "活潑", "興奮", "非常興奮"],
    connected: (count) => `${count} 位已連線`,
    needed: (count) => `需要 ${count} 位`,
    chat: (part) => `${part} 來自聊天室`,
    faces: (have, need) => `鏡頭 ${have}／${need} 位`,
    signal: { connecting: "連線中…", live: "直播中", stale: "沒有訊號，重新連線中…", gathering: "正在等觀眾加入" },
    resting: "休息中：不讀取也不計入",
    hidden: "疊加層已隱藏",
  },
};

const percent = (share) => `${Math.round(100 * share)}%`;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
/** Which of the words: as many steps as the value passes. */
const step = (value, ...bounds) => bounds.filter((bound) => value >= bound).length;

export class CrowdNow {
  /**
   * @param {ParentNode} page
   * @param {import("./words.js").Words} words
   * @param {typeof PHRASES.en} phrases
   */
  constructor(page, words, phrases) {
    this.find = (selector) => page.querySelector(selector);
    this.words = words;
    this.phrases = phrases;
    this.rows = EMOTIONS.map((name) => this.#row(name));
    this.find("tbody").replaceChildren(...this.rows.map(({ row }) => row));
  }

  /**
   * @param {import("./mood.js").Mood|null} live The mood while it is the truth and there are enough.
   * @param {import("./mood.js").Mood|null} known The mood while the bot is there.
   */
  tell(live, known) {
    this.#tellCards(live, known);
    for (const { name, row, share, interval, trend } of this.rows) {
      const ends = live?.intervals[name];
      const change = live?.trend?.[name];
      row.classList.toggle("leads", live?.top === name);
      row.style.setProperty("--part", String(live?.shares[name] ?? 0));
      setText(share, live ? percent(live.shares[name]) : UNKNOWN);
      setText(interval, ends ? `${Math.round(100 * ends[0])}–${percent(ends[1])}` : UNKNOWN);
      setText(trend, change === undefined ? UNKNOWN : this.words.trend[wayOf(change)]);
    }
  }

  #row(name) {
    const label = element("span", "named", this.words.expressions[name], element("span", "meter"));
    const heading = element("th", "", draw(name), label);
    heading.scope = "row";
    const [share, interval, trend] = ["share", "interval", "way"].map((cell) => element("td", cell, UNKNOWN));
    const row = element("tr", "row", heading, share, interval, trend);
    row.dataset.emotion = name;
    return { name, row, share, interval, trend };
  }

  #tellCards(live, known) {
    const { words, phrases } = this;
    const top = live?.top ?? null;
    const card = this.find(".top");
    if (card.dataset.emotion !== (top ?? "")) {
      card.dataset.emotion = top ?? "";
      card.replaceChildren(...(top === null ? [UNKNOWN] : [draw(top), words.expressions[top]]));
    }
    const change = top === null ? undefined : live.trend?.[top];
    setText(this.find(".top-note"), top === null ? "" : `${percent(live.shares[top])}${change === undefined ? "" : `, ${words.trend[wayOf(change)]}`}`);
    setText(this.find(".viewers"), known ? String(known.viewers ?? 0) : UNKNOWN);
    setText(this.find(".viewers-note"), known ? this.#sources(live, known) : "");
    this.#tellWay("valence", live?.valence, (value) => step(value, -0.5, -0.25, -0.08, 0.08, 0.25, 0.5), phrases.valence);
    this.#tellWay("arousal", live?.arousal, (value) => step(value, -0.08, 0.12, 0.3, 0.5), phrases.arousal);
  }

  #tellWay(name, value, place, steps) {
    const told = Number.isFinite(value);
    setText(this.find(`.${name}`), told ? steps[place(value)] : UNKNOWN);
    setText(this.find(`.${name}-note`), told ? signed(value) : "");
  }

  /** Who the counted are while chat is among them, and who could be. */
  #sources(live, known) {
    const { phrases } = this;
    const { face, chat } = live?.sources ?? {};
    const connected = phrases.connected(known.connected ?? 0);
    if (!chat?.part) return `${connected}, ${phrases.needed(known.minimum_viewers)}`;
    const faces = face.part ? phrases.chat(percent(chat.part)) : phrases.faces(face.voters, known.minimum_viewers);
    return `${votersOf(live, this.words)}, ${faces}; ${connected}`;
  }
}
