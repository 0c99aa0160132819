/**
 * The overlay's address, put together from choices, and the overlay itself beside them as it will be. Only what differs
 * from the default stands in the address, so that it stays short and follows what LERA learns.
 */

import { ask } from "./ask.js";
import { kept, keep } from "./captions.js";
import { copies } from "./copy.js";
import { element } from "./dom.js";
import { EMOTIONS } from "./mood.js";

const CHOSEN = "lera-overlay";
const PAUSE = 300;
const NEARER = 2;
const [WIDTH, HEIGHT] = [1920, 1080];
const LONGEST = 2000;
/** The overlay's own settings; a theme's come from its fields. */
const GENERAL = [
  { name: "plate", type: "choice", default: "dark", choices: ["dark", "light", "clear"] },
  { name: "position", type: "choice", default: "left", choices: ["left", "right", "bottom"] },
  { name: "lang", type: "choice", default: "en", choices: ["en", "zh-TW"], word: "language" },
  { name: "scale", type: "number", default: 1, min: 0.5, max: 3, step: 0.1 },
  { name: "delay", type: "number", default: 0, min: 0, max: 300, step: 1 },
  { name: "motion", type: "switch", default: false, on: "reduced", word: "still" },
  { name: "apart", type: "switch", default: false, on: "1" },
  { name: "notice", type: "switch", default: true, on: "1", off: "0" },
  { name: "resonance", type: "switch", default: true, on: "1", off: "0", word: "ownside" },
  { name: "hide", type: "emotions", default: "", word: "hides" },
  { name: "soften", type: "emotions", default: "", word: "softens" },
];
const NAMES = { en: "English", "zh-TW": "繁體中文" };

export class Builder {
  /** @type {{name: string, title: Record<string, string>, fields: object[]}[]} */ #themes = [];
  /** What differs from the default, as in the address. @type {Map<string, string>} */ #values;
  /** @type {Record<string, string>} */ #links = {};
  #timer = 0;
  #shown = "";
  #isNear = true;

  /**
   * @param {HTMLDetailsElement} panel
   * @param {Record<string, string>} captions
   * @param {string} lang
   * @param {Record<string, string>} expressions
   */
  constructor(panel, captions, lang, expressions) {
    Object.assign(this, { panel, captions, lang, expressions });
    this.find = (selector) => panel.querySelector(selector);
    this.#values = new Map(new URLSearchParams((kept(CHOSEN) ?? "").slice(0, LONGEST)));
    copies(this.find(".address-copy"), this.find(".address"), this.find(".address-copied"), captions);
    this.find(".waits").addEventListener("change", () => this.#tell());
    for (const back of panel.querySelectorAll("[data-ground]")) {
      back.addEventListener("click", () => this.#ground(back.dataset.ground));
    }
    this.find(".near").addEventListener("click", () => {
      this.#isNear = !this.#isNear;
      this.#fit();
    });
    panel.addEventListener("toggle", () => this.#open());
    new ResizeObserver(() => this.#fit()).observe(this.find(".screen"));
    this.#ground("night");
  }

  /** @param {Record<string, string>} links */
  async show(links) {
    // A bot that comes back tells the same again: somebody may just be at one of the fields.
    if (this.#themes.length > 0 && JSON.stringify(links) === JSON.stringify(this.#links)) return;
    this.#links = links;
    if (this.#themes.length === 0) {
      const told = await ask("/api/themes");
      this.#themes = Array.isArray(told?.themes) ? told.themes : [];
    }
    this.#build();
    this.#open();
  }

  get #query() {
    return new URLSearchParams([...this.#values]).toString().replaceAll("%2C", ",");
  }

  #theme() {
    const chosen = this.#values.get("theme") ?? "bars";
    return this.#themes.find(({ name }) => name === chosen) ?? this.#themes[0];
  }

  #build() {
    const { captions, lang } = this;
    const theme = this.#theme();
    const themes = this.#themes.map(({ name, title }) => ({ value: name, label: title }));
    const chooser = { name: "theme", type: "choice", default: "bars", choices: themes };
    const general = [chooser, ...GENERAL].map((field) => this.#field(field, field.name, captions[field.word ?? field.name]));
    const own = (theme?.fields ?? []).map((field) => this.#field(field, `f.${field.name}`, field.label?.[lang] ?? field.label?.en ?? field.name));
    const legend = element("legend", "", captions.fields);
    this.find(".general").replaceChildren(...(themes.length === 0 ? general.slice(1) : general));
    this.find(".own").replaceChildren(...(own.length === 0 ? [] : [legend, ...own]));
    this.find(".own").hidden = own.length === 0;
    this.#tell();
  }

  /** @param {string} name As in the address. @param {string} label */
  #field(field, name, label) {
    const id = `look-${name}`;
    const now = this.#values.get(name);
    if (field.type === "emotions") return this.#emotions(name, label);
    if (field.type === "choice") {
      const input = Object.assign(element("select", ""), { id });
      for (const choice of field.choices ?? []) {
        const value = choice.value ?? choice;
        input.append(new Option(choice.label?.[this.lang] ?? choice.label?.en ?? NAMES[value] ?? this.captions[value] ?? value, value));
      }
      input.value = now ?? String(field.default);
      input.addEventListener("change", () => this.#set(name, input.value, String(field.default)));
      return labelled(id, label, input);
    }
    if (field.type === "switch") {
      const [on, off] = [field.on ?? "1", field.off ?? "0"];
      const input = Object.assign(element("input", ""), { id, type: "checkbox" });
      input.checked = now === undefined ? field.default === true : now === on;
      input.addEventListener("change", () => this.#set(name, input.checked ? on : off, field.default ? on : off));
      return element("p", "look-switch", input, Object.assign(element("label", "", label), { htmlFor: id }));
    }
    const kinds = { number: "number", colour: "color", text: "text" };
    const input = Object.assign(element("input", ""), { id, type: kinds[field.type] ?? "text" });
    if (field.type === "number") {
      Object.assign(input, { min: field.min ?? "", max: field.max ?? "", step: field.step ?? "any" });
    } else {
      input.maxLength = Math.min(field.max ?? 80, 80);
    }
    input.value = (now ?? String(field.default)).slice(0, 80);
    input.addEventListener("input", () => {
      if (input.checkValidity()) this.#set(name, input.value === "" ? String(field.default) : input.value, String(field.default));
    });
    return labelled(id, label, input);
  }

  /** @param {string} name @param {string} label */
  #emotions(name, label) {
    const chosen = new Set((this.#values.get(name) ?? "").split(","));
    const boxes = EMOTIONS.map((emotion) => {
      const input = Object.assign(element("input", ""), { type: "checkbox", id: `look-${name}-${emotion}`, checked: chosen.has(emotion) });
      input.addEventListener("change", () => {
        if (input.checked) chosen.add(emotion);
        else chosen.delete(emotion);
        this.#set(name, EMOTIONS.filter((each) => chosen.has(each)).join(","), "");
      });
      return element("span", "chip", input, Object.assign(element("label", "", this.expressions[emotion]), { htmlFor: input.id }));
    });
    return element("fieldset", "look-emotions", element("legend", "", label), ...boxes);
  }

  #set(name, value, otherwise) {
    if (value === otherwise) this.#values.delete(name);
    else this.#values.set(name, value);
    if (name === "theme") {
      // Fields are a theme's own: another one's would only lengthen the address.
      for (const each of [...this.#values.keys()]) if (each.startsWith("f.")) this.#values.delete(each);
      this.#build();
      this.find("#look-theme").focus();
    }
    keep(CHOSEN, this.#query);
    this.#fit();
    this.#tell();
  }

  #tell() {
    const base = (this.find(".waits").checked ? this.#links.waiting : this.#links.overlay) ?? "";
    this.find(".address").value = base && withQuery(base, this.#values);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#preview(), PAUSE);
  }

  #open() {
    if (this.panel.open) this.#preview();
    else this.#go("about:blank");
  }

  #preview() {
    if (!this.panel.open || !this.#links.overlay) return;
    // This browser has its cookie, so the preview needs no key.
    this.#go(`/overlay/?${this.#query}`);
  }

  /** @param {string} place */
  #go(place) {
    if (place === this.#shown) return;
    this.#shown = place;
    // Replaced, so that the way back in the browser doesn't lead through each look that was tried.
    this.find("iframe").contentWindow.location.replace(place);
    this.#fit();
  }

  /** The whole picture as wide as there is room, or its lower corner, in which the overlay stands, from nearer. */
  #fit() {
    const { width } = this.find(".screen").getBoundingClientRect();
    const position = this.#values.get("position") ?? "left";
    const near = this.#isNear && position !== "bottom" ? NEARER : 1;
    const frame = this.find("iframe");
    const part = (near * width) / WIDTH;
    const left = position === "right" ? width - part * WIDTH : 0;
    frame.style.transform = `translate(${left}px, ${(width * HEIGHT) / WIDTH - part * HEIGHT}px) scale(${part})`;
    this.find(".screen").style.height = `${(width * HEIGHT) / WIDTH}px`;
    this.find(".near").setAttribute("aria-pressed", String(this.#isNear));
  }

  /** @param {string} name */
  #ground(name) {
    this.find(".screen").dataset.ground = name;
    for (const back of this.panel.querySelectorAll("[data-ground]:is(button)")) {
      back.setAttribute("aria-pressed", String(back.dataset.ground === name));
    }
  }
}

/** @param {string} address @param {Map<string, string>} values */
function withQuery(address, values) {
  const url = new URL(address);
  for (const [name, value] of values) url.searchParams.set(name, value);
  url.search = url.searchParams.toString().replaceAll("%2C", ",");
  return url.href;
}

function labelled(id, label, input) {
  return element("p", "look-field", Object.assign(element("label", "", label), { htmlFor: id }), input);
}
