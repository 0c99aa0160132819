/** Both charts as one: what is shown, what is looked at, on paper, on a dark and on a light ground, and as a picture. */

import { colours, datasets, gapsPlugin, momentsPlugin, sharesOptions, viewersDatasets, viewersOptions } from "./lines.js";
import { picture } from "./picture.js";

export class Charts {
  /**
   * @param {object} data The report's.
   * @param {import("./view.js").View} view
   * @param {any} Chart The library.
   */
  constructor(data, view, Chart) {
    this.data = data;
    this.view = view;
    this.Chart = Chart;
    /** Expressions whose line is hidden, and the one that is looked at, by their place among the seven. */
    this.hidden = new Set();
    this.looked = data.top;
    this.colour = colours(data.emotions);
    const colour = () => this.colour;
    const plugins = [gapsPlugin(data.gaps, colour), momentsPlugin(data, colour)];
    // Too few to show shares are still a number of viewers.
    const away = gapsPlugin(data.gaps.filter(([, , reason]) => reason === "away"), colour);
    this.shares = new Chart(document.querySelector(".shares-chart"), { ...this.sharesNow(), plugins });
    this.viewers = new Chart(document.querySelector(".viewers-chart"), { ...this.viewersNow(), plugins: [away] });
    // Not at "beforeprint": the page has the screen's colours and width then.
    for (const query of ["print", "(prefers-color-scheme: light)"]) matchMedia(query).addEventListener("change", () => this.fit());
  }

  sharesNow() {
    const { data, view, colour } = this;
    return { type: "line", options: sharesOptions(data, view, colour), data: { datasets: datasets(data, view.unit, this, colour) } };
  }

  viewersNow() {
    const { data, view, colour } = this;
    return { type: "line", options: viewersOptions(data, view, colour), data: { datasets: viewersDatasets(data, view.unit, colour) } };
  }

  /** Draws what the view says. */
  show() {
    this.colour = colours(this.data.emotions);
    for (const [chart, now] of [[this.shares, this.sharesNow()], [this.viewers, this.viewersNow()]]) {
      chart.options = now.options;
      chart.data = now.data;
      chart.update("none");
    }
  }

  /** Paper has its own width and its own colours. */
  fit() {
    this.show();
    this.shares.resize();
    this.viewers.resize();
  }

  /** The time that a place on the screen stands for, in seconds into the stream. */
  timeAt(clientX) {
    const { left } = this.shares.canvas.getBoundingClientRect();
    return this.shares.scales.x.getValueForPixel(clientX - left);
  }

  /** The chart as it is now, with its title and legend: a PNG as a data URL. */
  picture() {
    const { data, colour } = this;
    const lines = datasets(data, this.view.unit, this, colour);
    return picture(this.Chart, data, lines, sharesOptions(data, this.view, colour), colour);
  }
}
