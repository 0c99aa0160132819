/** The stream's story comes to life: charts, zoom and pages, the table, copying. All else of the page is there without. */

import { copies } from "../copy.js";
import { draw } from "../drawings.js";
import { Charts } from "./charts.js";
import { copyable } from "./chapters.js";
import { steer } from "./controls.js";
import { sheet } from "./sheet.js";
import { fillTable } from "./table.js";
import { unpacked, runPacked } from "./unpack.js";
import { View } from "./view.js";
import { clock, filled } from "./words.js";

const find = (selector) => document.querySelector(selector);

for (const place of document.querySelectorAll("[data-face]")) place.append(draw(place.dataset.face));

if (find("#data")) {
  const data = JSON.parse(await unpacked("data"));
  await runPacked("library");
  const view = new View(data.duration, Object.keys(data.series).map(Number).sort((one, other) => one - other));
  const charts = new Charts(data, view, globalThis.Chart);

  const tell = () => {
    controls.tell();
    if (find(".numbers").open) fillTable(find(".numbers"), data, view);
    find(".shown").textContent = filled(data.words.shown, { from: clock(view.from), to: clock(view.to), unit: data.words.units[view.unit] });
  };
  const show = () => {
    charts.show();
    tell();
  };
  const controls = steer(data, view, charts, show, sheet);
  find(".numbers").addEventListener("toggle", tell);

  copyable(find(".chapters"), find("#earlier"), data);
  const copyButton = find("button.copy");
  if (copyButton) copies(copyButton, find(".chapters"), find(".copied"), data.words);
  for (const button of document.querySelectorAll("[data-into]")) {
    button.addEventListener("click", () => {
      const into = Number(button.dataset.into);
      view.chosen = null;
      view.show(into - 150, into + 150);
      show();
      find(".chart").scrollIntoView({ block: "center" });
    });
  }
  tell();
}
performance.mark("ready");
document.documentElement.dataset.ready = "yes";
