/** The dashboard's card of Twitch: how it is in one line, and logging in. */

import { element, setText } from "./dom.js";

const PERIOD = 3000;
const ACCOUNTS = [
  ["broadcaster", "Log in as your channel"],
  ["bot", "Log in as a second account that chats"],
];
/** Where there is no app, there is nothing to log in to. */
const WITHOUT_LOGIN = new Set(["off", "unset"]);

/** @param {HTMLElement} panel The section with a `.twitch-line`, `.twitch-note`, `.twitch-login` and a `.twitch-buttons` in it.
 * @param {() => boolean} isThere Whether the bot is there to be asked. */
export function watchTwitch(panel, isThere) {
  const find = (selector) => panel.querySelector(selector);
  const buttons = ACCOUNTS.map(([account, label]) => {
    const button = Object.assign(element("button", "", label), { type: "button" });
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
    find(".twitch-login").replaceChildren(...(login ? invitation(login) : []));
  }

  async function logIn(account) {
    for (const button of buttons) button.disabled = true;
    try {
      const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ account }) };
      const answer = await fetch("/api/twitch/login", asked);
      if (answer.ok) show(await answer.json());
      else setText(find(".twitch-note"), await answer.text());
    } catch {
      setText(find(".twitch-note"), "The bot doesn't answer: is it running?");
    }
    for (const button of buttons) button.disabled = false;
  }

  async function look() {
    if (document.hidden || !isThere()) return;
    try {
      const answer = await fetch("/api/twitch");
      if (answer.ok) show(await answer.json());
    } catch {
      // The feed says that the bot is away.
    }
  }

  setInterval(look, PERIOD);
  return look;
}

function invitation({ account, code, link, picture, leave }) {
  const whose = account === "bot" ? "the account that is to chat for you" : "your channel's account";
  const image = Object.assign(new Image(), { src: picture, alt: "QR code of the login's link", className: "twitch-picture" });
  const anchor = Object.assign(element("a", "", link), { href: link, target: "_blank", rel: "noreferrer" });
  const words = element("p", "", `Open it as ${whose} and type the code: `, anchor);
  const note = element("p", "note", "Keep the code off the stream: it logs in whoever types it.");
  const asked = Object.entries(leave).map(([scope, feature]) => element("li", "", element("code", "", scope), ` ${feature}`));
  const list = element("ul", "note twitch-leave", ...asked);
  const why = element("p", "note", "LERA asks Twitch for leave to:");
  return [image, element("div", "", element("p", "twitch-code", code), words, note, why, list)];
}
