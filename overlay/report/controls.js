/** Units, pages, zoom: by buttons, keys and pointer. */

import { handOver } from "./sheet.js";
import { filled, placed } from "./words.js";

const find = (selector) => document.querySelector(selector);

/**
 * @param {object} data The report's.
 * @param {import("./view.js").View} view
 * @param {import("./charts.js").Charts} charts
 * @param {() => void} show Called after each change.
 * @param {(data: object, unit: number) => string} sheet The numbers of a unit as CSV.
 * @returns {{tell: () => void}} `tell` brings the controls up to what is shown.
 */
export function steer(data, view, charts, show, sheet) {
  const after = (change) => (event) => {
    change(event);
    show();
  };
  const deeds = { earlier: () => view.move(-1), later: () => view.move(1), in: () => view.zoom(0.5), out: () => view.zoom(2) };
  for (const [name, deed] of Object.entries(deeds)) find(`[data-do="${name}"]`).addEventListener("click", after(deed));
  for (const radio of document.querySelectorAll('[name="unit"]')) {
    radio.addEventListener("change", after(() => { view.chosen = Number(radio.value) || null; }));
  }
  const [length, page] = [find("#length"), find("#page")];
  length.addEventListener("change", after(() => {
    if (!Number(length.value)) view.showAll();
    else view.show(view.from, view.from + Number(length.value));
    view.turnTo(view.pages.current);
  }));
  page.addEventListener("change", after(() => view.turnTo(Number(page.value))));
  find('[data-do="picture"]').addEventListener("click", () => handOver(`${data.name}.png`, charts.picture()));
  find('[data-do="sheet"]').addEventListener("click", () => {
    handOver(`${data.name}-${view.unit}${data.counts ? "" : "s"}.csv`, `data:text/csv;charset=utf-8,${encodeURIComponent(sheet(data, view.unit))}`);
  });
  chips(charts, show);
  keys(find(".chart"), deeds, view, show);
  for (const frame of document.querySelectorAll(".shares-frame")) pointer(frame, view, charts, show);

  /** Options of a select, changed only when they are others: a list that is open must not jump. */
  const offer = (select, options, chosen) => {
    const wanted = JSON.stringify(options);
    if (select.dataset.options !== wanted) {
      select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
      select.dataset.options = wanted;
    }
    select.value = String(chosen);
  };
  return {
    tell() {
      const lengths = data.lengths.filter((seconds) => seconds < view.duration);
      const known = view.whole || lengths.includes(Math.round(view.length));
      offer(length, [
        [0, data.words.whole], ...lengths.map((seconds) => [seconds, data.words.lengths[seconds]]), ...(known ? [] : [[-1, placed(view.length, data)]]),
      ], view.whole ? 0 : known ? Math.round(view.length) : -1);
      const { count, current } = view.pages;
      const span = (number) => ({ number: number + 1, count, from: placed(number * view.length, data), to: placed(Math.min((number + 1) * view.length, view.duration), data) });
      offer(page, Array.from({ length: count }, (_, number) => [number, filled(data.words.page, span(number))]), current);
      for (const chip of document.querySelectorAll(".chip")) chip.toggleAttribute("data-looked", Number(chip.dataset.place) === charts.looked);
      find('[data-do="earlier"]').disabled = view.from <= 0;
      find('[data-do="later"]').disabled = view.to >= view.duration;
      find('[data-do="out"]').disabled = view.whole;
    },
  };
}

/** A click shows or hides a line; looking at one (pointer or focus) brings it and its band to the front. */
function chips(charts, show) {
  for (const chip of document.querySelectorAll(".chip")) {
    const place = Number(chip.dataset.place);
    chip.addEventListener("click", () => {
      if (!charts.hidden.delete(place)) charts.hidden.add(place);
      chip.setAttribute("aria-pressed", String(!charts.hidden.has(place)));
      show();
    });
    for (const event of ["pointerenter", "focus"]) {
      chip.addEventListener(event, () => {
        if (charts.looked === place) return;
        charts.looked = place;
        show();
      });
    }
  }
}

function keys(chart, deeds, view, show) {
  const known = {
    ArrowLeft: () => view.move(-0.25), ArrowRight: () => view.move(0.25), PageUp: deeds.earlier, PageDown: deeds.later,
    "+": deeds.in, "=": deeds.in, "-": deeds.out, 0: () => view.showAll(), Home: () => view.turnTo(0), End: () => view.turnTo(view.pages.count - 1),
  };
  chart.addEventListener("keydown", (event) => {
    const deed = known[event.key];
    if (!deed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    deed();
    show();
  });
}

/** Drag over a part to see it alone; a wheel with Ctrl (a pinch, on a touchpad) zooms; a double click shows all. */
function pointer(frame, view, charts, show) {
  const marked = frame.querySelector(".marked");
  let begun = null;
  const drawn = (event) => {
    const { left, width } = frame.getBoundingClientRect();
    const [from, to] = [begun, Math.min(Math.max(event.clientX, left), left + width)].sort((one, other) => one - other);
    marked.style.left = `${from - left}px`;
    marked.style.width = `${to - from}px`;
    return [from, to];
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    begun = event.clientX;
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (begun === null) return;
    marked.hidden = false;
    drawn(event);
  });
  frame.addEventListener("pointerup", (event) => {
    if (begun === null) return;
    const [from, to] = drawn(event);
    begun = null;
    marked.hidden = true;
    if (to - from < 8) return;
    view.show(charts.timeAt(from), charts.timeAt(to));
    show();
  });
  frame.addEventListener("pointercancel", () => {
    begun = null;
    marked.hidden = true;
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    view.zoom(event.deltaY > 0 ? 1.25 : 0.8, charts.timeAt(event.clientX));
    show();
  }, { passive: false });
  frame.addEventListener("dblclick", () => {
    view.showAll();
    show();
  });
}
