/** The page of a file comes to life: its charts, zoom and pages, the table. All else of the page is there without. */

import { draw } from "../drawings.js";
import { steer } from "../report/controls.js";
import { unpacked, runPacked } from "../report/unpack.js";
import { View } from "../report/view.js";
import { filled, placed } from "../report/words.js";
import { Panels } from "./panels.js";
import { places } from "./places.js";
import { fillPlaces } from "./rows.js";

const find = (selector) => document.querySelector(selector);

for (const place of document.querySelectorAll("[data-face]")) place.append(draw(place.dataset.face));

if (find("#data")) {
  const data = JSON.parse(await unpacked("data"));
  await runPacked("library");
  const units = Object.keys(data.tracks[0].series).map(Number).sort((one, other) => one - other);
  const view = new View(data.duration, units, Math.min(data.shortest, data.duration));
  const panels = new Panels(data, view, globalThis.Chart);

  const tell = () => {
    controls.tell();
    if (find(".numbers").open) fillPlaces(find(".numbers"), data, view);
    const shown = { from: placed(view.from, data), to: placed(view.to, data), unit: data.words.units[view.unit] };
    find(".shown").textContent = filled(data.words.shown, shown);
  };
  const show = () => {
    panels.show();
    tell();
  };
  const controls = steer(data, view, panels, show, places);
  find(".numbers").addEventListener("toggle", tell);

  for (const button of document.querySelectorAll("[data-into]")) {
    button.addEventListener("click", () => {
      const into = Number(button.dataset.into);
      view.chosen = null;
      view.show(into - 15, into + 15);
      show();
      find(".chart").scrollIntoView({ block: "center" });
    });
  }
  tell();
}
performance.mark("ready");
document.documentElement.dataset.ready = "yes";
