/** The dashboard's panel of viewers who chose to be shown: a face each, and buttons to hide one or all. */

import { tell as tellBot } from "./ask.js";
import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";
import { Seats } from "./seats.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const WORDS = {
  en: {
    heading: "Faces of the crowd",
    on: "Nobody has chosen to be shown. Viewers do it with --show-me in their agent; it is off unless they do.",
    hidden: "You have hidden all tiles, here and on the overlay. Nobody is shown until you let them.",
    chose: (count) => `${count === 1 ? "1 viewer" : `${count} viewers`} chose to be shown`,
    more: (count) => `, ${count} of them without a place`,
    unsure: "Can't be read",
    nameless: "No name",
    hide: "Hide",
    hideWho: (name) => `Hide ${name || "a viewer without a name"}`,
    ban: "Ban",
    banWho: (name) => `Ban ${name || "a viewer without a name"}`,
    banned: { person: "Banned, with their name in chat. The list of bans is under Links.", viewer: "Banned. They are not linked with chat, so they could come back as somebody new: take their link back to prevent that." },
    hideAll: "Hide all",
    showAll: "Let tiles be shown",
    gone: "Hidden until the bot is started anew.",
    notThere: "The bot did not answer; try again.",
  },
  "zh-TW": {
    heading: "觀眾表情牆",
    on: "還沒有觀眾選擇顯示自己。觀眾可在自己的程式用 --show-me 開啟，預設是關閉的。",
    hidden: "你已隱藏所有觀眾，這裡和疊加層都不顯示，直到你重新允許。",
    chose: (count) => `${count} 位觀眾選擇顯示自己`,
    more: (count) => `，其中 ${count} 位沒有位置`,
    unsure: "看不清楚",
    nameless: "沒有名字",
    hide: "隱藏",
    hideWho: (name) => `隱藏${name || "沒有名字的觀眾"}`,
    ban: "封鎖",
    banWho: (name) => `封鎖${name || "沒有名字的觀眾"}`,
    banned: { person: "已封鎖，連同聊天室的身分。封鎖清單在「連結」裡。", viewer: "已封鎖。這位觀眾沒有和聊天室連結，可能換個身分再來；收回他用的連結就能避免。" },
    hideAll: "全部隱藏",
    showAll: "允許顯示",
    gone: "已隱藏，直到機器人重新啟動。",
    notThere: "機器人沒有回應，請再試一次。",
  },
};

export class TilesPanel {
  #isHidden = false;

  /**
   * @param {HTMLElement} panel
   * @param {import("./words.js").Words} words
   * @param {string} lang
   * @param {() => void} banned Called when somebody was banned.
   */
  constructor(panel, { looks }, lang, banned = () => {}) {
    this.panel = panel;
    this.banned = banned;
    this.words = WORDS[lang] ?? WORDS.en;
    this.find = (selector) => panel.querySelector(selector);
    const { heading, unsure, nameless } = this.words;
    setText(this.find("h2"), heading);
    const more = (seat) => {
      seat.name.dataset.nameless = nameless;
      return [this.#buttons(seat)];
    };
    this.seats = new Seats(this.find(".tiles-list"), { draw, looks, unsure, get moves() { return !STILL.matches; }, more });
    this.find(".tiles-switch").addEventListener("click", () => this.#do("switch", { show: this.#isHidden }, ""));
    this.tell(null);
  }

  /** @param {import("./mood.js").Tiles|null} frame As it came; null while the bot is away, when nothing is known. */
  tell(frame) {
    const { words } = this;
    const { tiles = [], more = 0, state = "on" } = frame ?? {};
    this.#isHidden = state === "hidden";
    this.panel.hidden = frame === null || state === "off";
    this.seats.update(tiles);
    const count = tiles.length + more;
    const shown = words.chose(count) + (more > 0 ? words.more(more) : "");
    setText(this.find(".tiles-note"), count > 0 ? shown : this.#isHidden ? words.hidden : words.on);
    setText(this.find(".tiles-switch"), this.#isHidden ? words.showAll : words.hideAll);
  }

  #buttons(seat) {
    const { words } = this;
    const [hide, ban] = [words.hide, words.ban].map((word) => Object.assign(element("button", "", word), { type: "button" }));
    seat.onName = (name) => {
      hide.setAttribute("aria-label", words.hideWho(name));
      ban.setAttribute("aria-label", words.banWho(name));
    };
    hide.addEventListener("click", () => this.#do("hide", { seat: seat.id }, words.gone));
    ban.addEventListener("click", async () => {
      const told = await this.#do("ban", { seat: seat.id }, "");
      if (told === null) return;
      setText(this.find(".tiles-said"), words.banned[told.banned] ?? "");
      this.banned();
    });
    return element("span", "tile-buttons", hide, ban);
  }

  /** What becomes of it comes with the next frame. */
  async #do(what, wanted, done) {
    const { told, fault } = await tellBot(`/api/tiles/${what}`, wanted, this.words.notThere);
    setText(this.find(".tiles-said"), fault || done);
    return told;
  }
}
