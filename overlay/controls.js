/** The dashboard's switches: the mood's rest, the overlay, the stream's title. */

import { ask, tell } from "./ask.js";
import { setText } from "./dom.js";

export class Controls {
  #paused = false;
  #overlay = true;

  /**
   * @param {ParentNode} page
   * @param {Record<string, string>} captions
   */
  constructor(page, captions) {
    this.captions = captions;
    this.find = (selector) => page.querySelector(selector);
    this.find(".pause").addEventListener("click", () => this.#do({ paused: !this.#paused }));
    this.find(".show-overlay").addEventListener("click", () => this.#do({ overlay: !this.#overlay }));
    this.find(".titling").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#name(this.find(".title").value);
    });
  }

  /** Asks how all stands; what is being typed is let be. */
  async look() {
    this.#show(await ask("/api/controls"));
  }

  /** What a moderator has switched shows here at once. @param {import("./mood.js").Mood} mood */
  follow(mood) {
    this.#turn(mood.paused === true, mood.overlay !== false);
  }

  /** @param {object} wanted */
  async #do(wanted) {
    const { told, fault } = await tell("/api/controls", wanted, this.captions.notthere);
    setText(this.find(".controls-said"), fault);
    this.#show(told);
  }

  /** @param {string} title */
  async #name(title) {
    const { told, fault } = await tell("/api/controls", { title }, this.captions.notthere);
    this.#show(told);
    setText(this.find(".titled"), fault || this.captions.saved);
  }

  #show(told) {
    if (told === null || typeof told.paused !== "boolean") return;
    this.#turn(told.paused, told.overlay === true);
    const field = this.find(".title");
    const isTheirs = told.titled_by === "twitch";
    if (document.activeElement !== field) field.value = String(told.title ?? "");
    field.readOnly = isTheirs;
    this.find(".titling button").hidden = isTheirs;
    if (isTheirs) setText(this.find(".titled"), this.captions.titled);
  }

  /** @param {boolean} paused @param {boolean} overlay */
  #turn(paused, overlay) {
    [this.#paused, this.#overlay] = [paused, overlay];
    const { captions } = this;
    setText(this.find(".pause"), paused ? captions.resume : captions.pause);
    setText(this.find(".show-overlay"), overlay ? captions.hide : captions.unhide);
    this.find(".pause").dataset.is = paused ? "off" : "on";
    this.find(".show-overlay").dataset.is = overlay ? "on" : "off";
  }
}
