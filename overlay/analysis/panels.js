/** All timelines of a file, one above the other: the same window, the same expressions, the same scale. */

import { colours, datasets, gapsPlugin, momentsPlugin, sharesOptions } from "../report/lines.js";
import { picture } from "../report/picture.js";
import { ceiling } from "../report/series.js";

export class Panels {
  /**
   * @param {object} data The page's.
   * @param {import("../report/view.js").View} view
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
    /** Each track as the lines want it: the page's data with this track's series and gaps. */
    this.tracks = data.tracks.map((track) => ({ ...data, ...track }));
    this.highest = Math.max(...this.tracks.map(({ series }) => ceiling(series)));
    const colour = () => this.colour;
    this.charts = [...document.querySelectorAll(".shares-chart")].map((canvas, place) => {
      const plugins = [gapsPlugin(this.tracks[place].gaps, colour), ...(place ? [] : [momentsPlugin(data, colour)])];
      return new Chart(canvas, { ...this.now(place), plugins });
    });
    // Not at "beforeprint": the page has the screen's colours and width then.
    for (const query of ["print", "(prefers-color-scheme: light)"]) matchMedia(query).addEventListener("change", () => this.fit());
  }

  /** What one of the charts shows now. */
  now(place) {
    const { view, colour } = this;
    return { type: "line", options: this.options(place), data: { datasets: datasets(this.tracks[place], view.unit, this, colour) } };
  }

  options(place) {
    const made = sharesOptions(this.tracks[place], this.view, this.colour);
    made.scales.y.max = this.highest;
    if (place) {
      made.layout.padding.top = 4;
      made.scales.y.ticks.maxTicksLimit = 4;
    }
    return made;
  }

  /** Draws what the view says. */
  show() {
    this.colour = colours(this.data.emotions);
    this.charts.forEach((chart, place) => {
      const now = this.now(place);
      chart.options = now.options;
      chart.data = now.data;
      chart.update("none");
    });
  }

  /** Paper has its own width and its own colours. */
  fit() {
    this.show();
    for (const chart of this.charts) chart.resize();
  }

  /** The place on the axis that a place on the screen stands for. */
  timeAt(clientX) {
    const [chart] = this.charts;
    return chart.scales.x.getValueForPixel(clientX - chart.canvas.getBoundingClientRect().left);
  }

  /** The uppermost chart as it is now, with its title and legend: a PNG as a data URL. */
  picture() {
    const [track] = this.tracks;
    return picture(this.Chart, track, datasets(track, this.view.unit, this, this.colour), this.options(0), this.colour);
  }
}
