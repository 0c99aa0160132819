/** The dashboard's card of Twitch: how it is in one line, and logging in. */

import { ask, tell, watch } from "./ask.js";
import { element, setText } from "./dom.js";

const PERIOD = 3000;
const ACCOUNTS = [["broadcaster", "asyou"], ["bot", "asbot"]];
/** Where there is no app, there is nothing to log in to. */
const WITHOUT_LOGIN = new Set(["off", "unset"]);

/**
 * @param {HTMLElement} panel The section with a `.twitch-line`, `.twitch-note`, `.twitch-login` and a `.twitch-buttons` in it.
 * @param {Record<string, string>} captions
 * @param {() => boolean} isThere Whether the bot is there to be asked.
 */
export function watchTwitch(panel, captions, isThere) {
  const find = (selector) => panel.querySelector(selector);
  const buttons = ACCOUNTS.map(([account, label]) => {
    const button = Object.assign(element("button", "", captions[label]), { type: "button" });
    button.addEventListener("click", () => logIn(account));
    return button;
  });
  find(".twitch-buttons").append(...buttons);
  let shown = "";

  /** @param {{state: string, line: string, note: string, login: {account: string, code: string, link: string, picture: string, leave: Object<string, string>}|null}} told */
  function show(told) {
    setText(find(".twitch-line"), told.line);
    setText(find(".twitch-note"), told.note ?? "");
    panel.dataset.twitch = told.state;
    find(".twitch-buttons").hidden = WITHOUT_LOGIN.has(told.state);
    const { login } = told;
    if (shown === (login?.code ?? "")) return;
    shown = login?.code ?? "";
    find(".twitch-login").replaceChildren(...(login ? invitation(login, captions) : []));
  }

  async function logIn(account) {
    for (const button of buttons) button.disabled = true;
    const { told, fault } = await tell("/api/twitch/login", { account }, captions.notthere);
    if (told !== null) show(told);
    else setText(find(".twitch-note"), fault);
    for (const button of buttons) button.disabled = false;
  }

  return watch(PERIOD, isThere, async () => {
    const told = await ask("/api/twitch");
    if (told !== null) show(told);
  });
}

function invitation({ account, code, link, picture, leave }, captions) {
  const whose = account === "bot" ? captions.openbot : captions.openyou;
  const image = Object.assign(new Image(), { src: picture, alt: captions.logincode, className: "twitch-picture" });
  const anchor = Object.assign(element("a", "", link), { href: link, target: "_blank", rel: "noreferrer" });
  const words = element("p", "", `${whose} `, anchor);
  const note = element("p", "note", captions.offstream);
  const asked = Object.entries(leave).map(([scope, feature]) => element("li", "", element("code", "", scope), ` ${feature}`));
  const list = element("ul", "note twitch-leave", ...asked);
  const why = element("p", "note", captions.leave);
  return [image, element("div", "", element("p", "twitch-code", code), words, note, why, list)];
}
