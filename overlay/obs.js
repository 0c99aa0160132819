/** The dashboard's panel on OBS: how it is connected, what reactions do and why, and the buttons. */

import { ask, tell } from "./ask.js";
import { element, setText } from "./dom.js";

/** Often enough for a person who waits for something to happen. */
const LOOK_EVERY = 2000;

/**
 * @typedef {object} Told
 * @property {string} state
 * @property {boolean} connected
 * @property {boolean} enabled
 * @property {"on"|"dry-run"|"off"} mode
 * @property {{name: string, says: string, active: boolean}[]} reactions
 * @property {{time: number, line: string}[]} why Newest last.
 */

export class ObsPanel {
  #timer = 0;
  #shown = "";

  /**
   * @param {Element} panel
   * @param {Record<string, string>} captions
   */
  constructor(panel, captions) {
    this.panel = panel;
    this.captions = captions;
    this.find = (selector) => panel.querySelector(selector);
    this.buttons = [...panel.querySelectorAll("button")];
    for (const button of this.buttons) button.addEventListener("click", () => this.#press(button));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.look();
    });
  }

  /** Looks now, and goes on as long as there is something to see. */
  async look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    /** @type {Told|null} */
    const told = await ask("/api/obs");
    clearTimeout(this.#timer);
    if (told === null) return;
    this.#tell(told);
    if (told.enabled || told.reactions.length > 0) this.#timer = setTimeout(() => this.look(), LOOK_EVERY);
  }

  /** @param {Told} told */
  #tell(told) {
    const shown = JSON.stringify(told);
    if (shown === this.#shown) return;
    this.#shown = shown;
    setText(this.find(".obs-state"), told.enabled ? told.state : this.captions.obsoff);
    // What isn't used is told by the list of connections, and would only be a gap here; so would an empty list.
    this.panel.dataset.used = String(told.enabled || told.reactions.length > 0);
    this.find(".obs-reactions").hidden = told.reactions.length === 0;
    this.find(".obs-why").hidden = told.why.length === 0;
    this.find(".obs-controls").hidden = !told.enabled && told.reactions.length === 0;
    for (const button of this.buttons) {
      const { mode } = button.dataset;
      if (mode) button.setAttribute("aria-pressed", String(mode === told.mode));
      else button.disabled = button.dataset.do === "reconnect" ? !told.enabled : !told.connected;
    }
    this.find(".obs-reactions").replaceChildren(
      ...told.reactions.map(({ name, says, active }) => {
        const item = element("li", "", `${name}: ${says}${active ? " (now)" : ""}`);
        if (active) item.dataset.active = "";
        return item;
      }),
    );
    this.find(".obs-why").replaceChildren(
      ...[...told.why].reverse().map(({ time, line }) => element("li", "", `${clock(time)} ${line}`)),
    );
  }

  /** @param {HTMLButtonElement} button */
  async #press(button) {
    const { mode, position } = button.dataset;
    const wanted = mode ? { do: "switch", mode } : position ? { do: "set-up", position } : { do: button.dataset.do };
    setText(this.find(".obs-said"), "…");
    const { told, fault } = await tell("/api/obs", wanted, this.captions.notthere);
    setText(this.find(".obs-said"), told?.said ?? fault);
    this.look();
  }
}

/** @param {number} time */
const clock = (time) => new Date(1000 * time).toLocaleTimeString();
