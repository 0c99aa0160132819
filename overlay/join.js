/**
 * The page behind a streamer's join link. Channel and token are read here, in the viewer's browser, and go nowhere else:
 * a fragment is not part of what a browser sends.
 */

import { copies } from "./copy.js";
import { element } from "./dom.js";
import { draw } from "./drawings.js";
import { EMOTIONS } from "./mood.js";

const CHANNEL = /^\/join\/([A-Za-z0-9_-]{1,64})\/?$/;
// The command is for a shell, so a link that somebody tampered with must not become a second command.
const TOKEN = /^#([A-Za-z0-9_.~=-]{1,160})$/;

const find = (selector) => document.querySelector(selector);

function show() {
  const channel = CHANNEL.exec(location.pathname)?.[1];
  const token = TOKEN.exec(location.hash)?.[1];
  const whole = channel !== undefined && token !== undefined;
  find(".channel").textContent = channel ?? "the streamer";
  find(".ready").hidden = !whole;
  find(".missing").hidden = whole;
  find(".line").textContent = whole ? `python run.py viewer "${location.origin}/join/${channel}#${token}"` : "";
  find(".copied").textContent = "";
}

find(".faces").append(...EMOTIONS.map((name) => {
  const face = element("span", "", draw(name));
  face.dataset.emotion = name;
  return face;
}));
copies(find(".copy"), find(".line"), find(".copied"));
window.addEventListener("hashchange", show);
show();
