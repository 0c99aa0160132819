/** A line for each expression over the last minutes; at the right, where each is now and how sure that is. */

import { element, setText } from "../../dom.js";
import { Chart } from "./chart.js";
import { Marks } from "./marks.js";

/** Tops of the scale; it follows the highest line, and comes down only when there is room to spare. */
const TOPS = [0.3, 0.5, 0.75, 1];
const SPARE = 0.85;

/** @type {import("../../theme.js").Load} */
export function load(stage, context) {
  const minutes = context.fields.minutes;
  const [phrase, lead, people] = [element("h1", "phrase"), element("span", "lead-number"), element("p", "people")];
  const sign = element("span", "sign");
  const chart = new Chart(context, 60 * minutes);
  const marks = new Marks(context);
  const ago = { en: `${minutes} min`, "zh-TW": `${minutes} 分鐘` }[context.lang];
  const topLabel = element("span", "top-label");
  const graph = element("div", "graph", chart.root, topLabel, element("span", "ago", ago));
  stage.append(
    element("header", "head", sign, element("div", "says", phrase, lead), people),
    element("div", "field", graph, marks.root),
  );
  let top = TOPS[0];
  const resized = () => chart.forget();
  window.addEventListener("resize", resized);

  return {
    update(view) {
      setText(phrase, view.phrase);
      setText(lead, view.lead === null ? "" : view.numbers[view.lead]);
      setText(people, view.people);
      if (sign.dataset.emotion !== view.picture) {
        sign.dataset.emotion = view.picture;
        sign.replaceChildren(context.draw(view.picture));
      }
      top = topFor(chart.highest(view), top);
      setText(topLabel, `${100 * top}%`);
      const isApart = String(view.numbersApart !== null);
      if (marks.root.dataset.apart !== isApart) {
        marks.root.dataset.apart = isApart;
        chart.forget();
      }
      chart.update(view, top);
      marks.update(view, top);
    },
    dispose() {
      window.removeEventListener("resize", resized);
      stage.replaceChildren();
    },
  };
}

/** @param {number} highest @param {number} before */
function topFor(highest, before) {
  const needed = TOPS.find((top) => highest <= top) ?? 1;
  return needed < before && highest > SPARE * needed ? before : needed;
}
