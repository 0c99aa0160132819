/** The dashboard's links, hidden until they are asked for, and the join link as a picture for phones. */

import { copies } from "./copy.js";
import { element } from "./dom.js";

/** What the bot tells, with the words for it, in the order of use. */
const KNOWN = [
  ["join", "join", "joinnote"],
  ["sheet", "sheetlink", "sheetnote"],
  ["overlay", "overlaylink", "overlaynote"],
  ["dashboard", "dashboardlink", "dashboardnote"],
];

export class Links {
  #isOpen = false;
  #join = "";
  #shown = "";

  /**
   * @param {HTMLElement} panel
   * @param {Record<string, string>} captions
   */
  constructor(panel, captions) {
    this.panel = panel;
    this.captions = captions;
    this.find = (selector) => panel.querySelector(selector);
    this.find(".reveal").addEventListener("click", () => {
      this.#isOpen = !this.#isOpen;
      this.#turn();
    });
  }

  /** @param {Record<string, string>} told */
  show(told) {
    const known = KNOWN.filter(([name]) => typeof told[name] === "string");
    const shown = JSON.stringify(known.map(([name]) => told[name]));
    // A bot that comes back tells the same again: somebody may just be on one of the links or buttons.
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.find(".links").replaceChildren(...known.map(([name, label, note]) => this.#link(name, label, note, told[name])));
    this.#join = told.join ?? "";
    this.#turn();
  }

  #turn() {
    this.panel.dataset.open = String(this.#isOpen);
    const button = this.find(".reveal");
    button.textContent = this.#isOpen ? this.captions.conceal : this.captions.reveal;
    button.setAttribute("aria-expanded", String(this.#isOpen));
    const frame = this.find(".code");
    frame.hidden = !this.#isOpen || this.#join === "";
    if (frame.hidden) {
      frame.replaceChildren();
    } else if (frame.dataset.of !== this.#join || !frame.firstChild) {
      frame.dataset.of = this.#join;
      // Asked for anew after each renewal, whatever the browser has kept.
      frame.replaceChildren(Object.assign(new Image(), { src: `/api/join.svg?${Date.now()}`, alt: this.captions.code }));
    }
  }

  #link(name, label, note, url) {
    const { captions } = this;
    const input = Object.assign(element("input", "secret"), { id: `link-${name}`, value: url, readOnly: true });
    input.setAttribute("aria-describedby", `note-${name}`);
    input.addEventListener("focus", () => input.select());
    const button = Object.assign(element("button", "", captions.copy), { type: "button" });
    button.setAttribute("aria-label", `${captions.copy}: ${captions[label]}`);
    copies(button, input, this.find(".copied"), captions);
    const heading = Object.assign(element("label", "", captions[label]), { htmlFor: input.id });
    const small = Object.assign(element("p", "note", captions[note]), { id: `note-${name}` });
    return element("div", "link", heading, element("div", "field", input, button), small);
  }
}
