/** A ring whose parts are the shares, around a glow that breathes while the crowd moves: faster the more aroused it is. */

import { element, setText } from "../../dom.js";
import { segmentsOf } from "../../segments.js";
import { Breath } from "./breath.js";
import { Ring } from "./ring.js";

/** A glow of this share is as large as the whole; the area follows the share, so a side follows its root. */
const FULL = 0.6;
/** How far from the middle a glow lies, in parts of the orb. */
const AWAY = 19;

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const portrait = element("span", "portrait");
  const glows = context.show.map((emotion) => Object.assign(element("span", "glow"), { emotion }));
  for (const glow of glows) glow.dataset.emotion = glow.emotion;
  const aura = element("span", "aura", ...glows);
  const whole = new Ring(context, "whole");
  const parts = context.apart ? { face: new Ring(context, "face"), chat: new Ring(context, "chat") } : {};
  const rings = [whole, ...Object.values(parts)];
  const orb = element("div", "orb", element("span", "well", aura), ...rings.map(({ root }) => root), portrait);
  const [phrase, lead, people] = [element("h1", "phrase"), element("span", "lead-number"), element("p", "people")];
  stage.append(orb, element("div", "caption", element("div", "says", phrase, lead), people));
  const breath = context.fields.breath && context.motion !== "reduced" ? new Breath(aura, portrait) : null;
  let shown = "";

  return {
    update(view) {
      setText(phrase, view.phrase);
      setText(lead, view.lead === null ? "" : view.numbers[view.lead]);
      const isApart = view.parts !== null;
      setText(people, isApart ? ringsIn(context.lang)(view.parts) : view.people);
      if (portrait.dataset.emotion !== view.picture) {
        portrait.dataset.emotion = view.picture;
        portrait.replaceChildren(context.draw(view.picture));
      }
      if (orb.dataset.apart !== String(isApart)) orb.dataset.apart = String(isApart);
      whole.update(isApart ? null : view);
      for (const [name, ring] of Object.entries(parts)) ring.update(view.parts?.[name] ?? null);
      const now = JSON.stringify([view.state, view.shares]);
      if (now === shown) return;
      shown = now;
      const segments = segmentsOf(context.show, view);
      segments.forEach(({ from, to }, index) => shine(glows[index], (from + to) / 2, to - from));
      if (view.state === "live") breath?.news(view.arousal);
    },
    dispose() {
      breath?.end();
      stage.replaceChildren();
    },
  };
}

/** @param {number} middle In turns, clockwise from the top. @param {number} share */
function shine(glow, middle, share) {
  const angle = 2 * Math.PI * middle;
  const away = AWAY * (1 - share);
  const place = `translate(${(away * Math.sin(angle)).toFixed(3)}%, ${(-away * Math.cos(angle)).toFixed(3)}%)`;
  glow.style.transform = `${place} scale(${Math.min(1, Math.sqrt(share / FULL)).toFixed(4)})`;
}

/** @param {string} lang */
const ringsIn = (lang) =>
  ({
    en: ({ face, chat }) => `outside ${face.voters} faces · inside ${chat.voters} in chat`,
    "zh-TW": ({ face, chat }) => `外圈鏡頭 ${face.voters} 位 · 內圈聊天室 ${chat.voters} 位`,
  })[lang];
