/** Who may join, in the dashboard's panel of links: more links by name, each to be taken back, and bans to be lifted. */

import { ask, tell, watch } from "./ask.js";
import { copies } from "./copy.js";
import { element, setText } from "./dom.js";

const PERIOD = 10_000;
const DAYS = [1, 7, 30, 90, 365];

const WORDS = {
  en: {
    heading: "Links by name",
    note: "A link for each place where you post it: take one back, and whoever came by it is out at once.",
    all: "The join link above",
    until: (day) => `lets newcomers in until ${day}`,
    expired: (day) => `lets nobody new in since ${day}; who has joined stays`,
    name: "Name of the link, as in Discord",
    days: "Good for",
    day: (count) => (count === 1 ? "1 day" : `${count} days`),
    add: "Make a link",
    revoke: "Take back",
    sureLink: "Everybody who came by it is out at once.",
    bans: (count) => (count === 1 ? "1 ban" : `${count} bans`),
    banned: (day) => `Since ${day}`,
    silenced: (day) => `Since ${day}, by a ban or timeout in chat; ends when they can write there again`,
    lift: "Lift",
    liftAll: "Lift all bans",
    sureBans: "Everybody who is banned may come in again.",
    yes: "Yes",
    no: "No",
    notThere: "The bot did not answer; try again.",
  },
  "zh-TW": {
    heading: "有名字的連結",
    note: "每個張貼的地方用一個連結：收回其中一個，用它加入的人會立刻離開。",
    all: "上面的加入連結",
    until: (day) => `新觀眾可用到 ${day}`,
    expired: (day) => `${day} 起不再接受新觀眾，已加入的人不受影響`,
    name: "連結的名字，例如 Discord",
    days: "有效期",
    day: (count) => `${count} 天`,
    add: "新增連結",
    revoke: "收回",
    sureLink: "用這個連結加入的人會全部立刻離開。",
    bans: (count) => `${count} 個封鎖`,
    banned: (day) => `自 ${day}`,
    silenced: (day) => `自 ${day}，因聊天室的封鎖或禁言；可以再發言時就會解除`,
    lift: "解除",
    liftAll: "解除所有封鎖",
    sureBans: "所有被封鎖的人都可以再加入。",
    yes: "確定",
    no: "取消",
    notThere: "機器人沒有回應，請再試一次。",
  },
};

/** @typedef {{id: string, label: string, url: string, expires: string, expired: boolean}} JoinLink */

export class Access {
  #shown = "";
  #fault = "";

  /**
   * @param {HTMLElement} panel The section with an `.access` and a `.copied` in it.
   * @param {Record<string, string>} captions
   * @param {string} lang
   * @param {() => boolean} isThere Whether the bot is there to be asked.
   * @param {() => void} changed Called when the join link itself may be another.
   */
  constructor(panel, captions, lang, isThere, changed) {
    this.words = WORDS[lang] ?? WORDS.en;
    this.captions = captions;
    this.changed = changed;
    this.copied = panel.querySelector(".copied");
    this.said = Object.assign(element("p", "note"), { role: "status" });
    this.links = element("ul", "access-list");
    this.bans = element("div", "access-bans");
    const { heading, note } = this.words;
    panel.querySelector(".access").append(
      element("h3", "", heading), element("p", "note", note), this.links, this.#form(), this.said, this.bans,
    );
    this.look = watch(PERIOD, isThere, async () => this.#show(await ask("/api/access")));
  }

  /** @param {{public: JoinLink, links: JoinLink[], bans: {id: string, since: string, silenced: boolean}[], fault: string}|null} told */
  #show(told) {
    const text = JSON.stringify(told);
    // What has not changed is left alone: somebody may just be on one of its buttons.
    if (told === null || text === this.#shown) return;
    this.#shown = text;
    this.links.replaceChildren(this.#row(told.public, true), ...told.links.map((link) => this.#row(link, false)));
    const { bans } = this.words;
    const lifted = told.bans.map((ban) => this.#ban(ban));
    const all = told.bans.length > 1 ? [this.#asked(this.words.liftAll, this.words.sureBans, "", { lift_all: true })] : [];
    const list = element("ul", "access-list", ...lifted);
    this.bans.replaceChildren(...(lifted.length > 0 ? [element("h3", "", bans(lifted.length)), list, ...all] : []));
    // A fault that has passed is said no longer; what somebody's own click has brought stays.
    if (told.fault || this.said.textContent === this.#fault) setText(this.said, told.fault);
    this.#fault = told.fault;
  }

  #row(link, isPublic) {
    const { words } = this;
    const name = isPublic ? words.all : link.label;
    const until = (link.expired ? words.expired : words.until)(link.expires);
    const parts = [element("div", "access-name", element("strong", "", name), element("p", "note", until))];
    if (!isPublic) parts.push(this.#address(link));
    return element("li", "", ...parts, this.#asked(words.revoke, words.sureLink, name, { revoke: link.id }));
  }

  #address(link) {
    const { copy } = this.captions;
    const input = Object.assign(element("input", "secret"), { value: link.url, readOnly: true });
    input.setAttribute("aria-label", link.label);
    input.addEventListener("focus", () => input.select());
    const button = Object.assign(element("button", "", copy), { type: "button" });
    button.setAttribute("aria-label", `${copy}: ${link.label}`);
    copies(button, input, this.copied, this.captions);
    return element("div", "field", input, button);
  }

  #ban({ id, since, silenced }) {
    const { words } = this;
    const said = (silenced ? words.silenced : words.banned)(since);
    const lift = Object.assign(element("button", "quiet", words.lift), { type: "button" });
    lift.setAttribute("aria-label", `${words.lift}: ${said}`);
    lift.addEventListener("click", () => this.#do({ lift: id }));
    return element("li", "", element("div", "access-name", said), lift);
  }

  /** A button that asks once more, since there is no way back. */
  #asked(word, warning, about, wanted) {
    const { yes, no } = this.words;
    const button = (text, className) => {
      const made = Object.assign(element("button", className, text), { type: "button" });
      if (about) made.setAttribute("aria-label", `${text}: ${about}`);
      return made;
    };
    const [first, sure, keep] = [button(word, "quiet"), button(yes, "grave"), button(no, "quiet")];
    const asking = element("p", "sure", element("span", "", warning), " ", sure, " ", keep);
    const turn = (isAsking) => {
      asking.hidden = !isAsking;
      first.hidden = isAsking;
      (isAsking ? keep : first).focus();
    };
    asking.hidden = true;
    first.addEventListener("click", () => turn(true));
    keep.addEventListener("click", () => turn(false));
    asking.addEventListener("keydown", (event) => {
      if (event.key === "Escape") turn(false);
    });
    sure.addEventListener("click", () => this.#do(wanted));
    return element("div", "access-ask", first, asking);
  }

  #form() {
    const { words } = this;
    const name = Object.assign(element("input", ""), { id: "access-name", maxLength: 40, required: true, autocomplete: "off" });
    const days = Object.assign(element("select", ""), { id: "access-days" });
    days.append(...DAYS.map((count) => new Option(words.day(count), String(count), count === 90, count === 90)));
    const fields = [[name, words.name], [days, words.days]].map(([field, label]) =>
      element("div", "", Object.assign(element("label", "", label), { htmlFor: field.id }), field));
    const form = element("form", "access-new", ...fields, Object.assign(element("button", "quiet", words.add), { type: "submit" }));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.#do({ add: { label: name.value, days: Number(days.value) } })) name.value = "";
    });
    return form;
  }

  async #do(wanted) {
    const { told, fault } = await tell("/api/access", wanted, this.words.notThere);
    setText(this.said, fault);
    this.#show(told);
    if (told !== null) this.changed();
    return told !== null;
  }
}
