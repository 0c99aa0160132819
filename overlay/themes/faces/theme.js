/** A crowd of seven faces, each as large as its share: areas are shares, so twice the share is twice the face. */

import { element, setText } from "../../dom.js";
import { Crowd } from "./crowd.js";

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const [phrase, lead, people] = [element("h1", "phrase"), element("span", "lead-number"), element("p", "people")];
  const sign = element("span", "sign");
  const whole = new Crowd(context, { width: 20.5, height: 5.4 });
  const parts = context.apart
    ? { face: new Crowd(context, { width: 18.6, height: 3.4, sign: "crowd" }), chat: new Crowd(context, { width: 18.6, height: 3.4, sign: "voice" }) }
    : {};
  const crowds = element("div", "crowds", whole.root, ...Object.values(parts).map(({ root }) => root));
  stage.append(element("header", "head", sign, element("div", "told", element("div", "says", phrase, lead), people)), crowds);

  return {
    update(view) {
      setText(phrase, view.phrase);
      setText(lead, view.lead === null ? "" : view.numbers[view.lead]);
      setText(people, view.people);
      // While live the faces themselves are the picture.
      const picture = view.lead === null ? view.picture : "";
      if (sign.dataset.picture !== picture) {
        sign.dataset.picture = picture;
        sign.replaceChildren(...(picture === "" ? [] : [context.draw(picture)]));
      }
      const isApart = String(view.parts !== null);
      if (crowds.dataset.apart !== isApart) crowds.dataset.apart = isApart;
      whole.update(view, view.numbers, view.lead);
      for (const [name, crowd] of Object.entries(parts)) {
        crowd.update(view.parts?.[name] ?? null, view.numbersApart?.[name] ?? null, view.lead);
      }
    },
    dispose() {
      for (const crowd of [whole, ...Object.values(parts)]) crowd.end();
      stage.replaceChildren();
    },
  };
}
