/** The viewers who chose to be shown, a face each, under the mood of the whole crowd. */

import { element, setText } from "../../dom.js";
import { Seats } from "../../seats.js";

const WORDS = {
  en: { chosen: "Shown by their own choice", unsure: "Can't be read", more: (count) => `+${count} more` },
  "zh-TW": { chosen: "以下觀眾自願顯示表情", unsure: "看不清楚", more: (count) => `還有 ${count} 位` },
};

/** Up to so many faces have the size of that name; what it is, the style sheet says. */
const SIZES = [[0, "none"], [4, "few"], [12, "some"], [30, "many"], [Infinity, "full"]];

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const root = document.documentElement;
  const words = WORDS[context.lang] ?? WORDS.en;
  const portrait = element("span", "portrait");
  const headline = element("h1", "headline");
  const people = element("p", "people");
  const chosen = element("p", "chosen", words.chosen);
  const list = element("ul", "seats");
  const more = element("p", "more");
  stage.append(element("header", "head", portrait, headline, people), list, element("footer", "foot", chosen, more));
  const seats = new Seats(list, {
    draw: context.draw,
    looks: context.words.expressions,
    unsure: words.unsure,
    moves: context.motion === "full",
    show: context.show,
  });
  let shown = [];
  root.dataset.crowd = "none";
  return {
    update(view) {
      setText(headline, view.phrase);
      setText(people, view.people);
      if (portrait.dataset.emotion !== view.picture) {
        portrait.dataset.emotion = view.picture;
        portrait.replaceChildren(context.draw(view.picture));
      }
      const tiles = view.tiles.slice(0, context.fields.most);
      const others = view.tiles.length - tiles.length + (tiles.length > 0 ? view.more ?? 0 : 0);
      setText(more, others > 0 ? words.more(others) : "");
      if (tiles.length === shown.length && tiles.every((tile, index) => tile === shown[index])) return;
      shown = tiles;
      // Before the faces, so that they come at once where they will stand.
      const [, size] = SIZES.find(([most]) => tiles.length <= most);
      if (root.dataset.crowd !== size) root.dataset.crowd = size;
      seats.update(context.fields.names ? tiles : tiles.map((tile) => ({ ...tile, name: null })));
    },
    dispose() {
      delete root.dataset.crowd;
      stage.replaceChildren();
    },
  };
}
