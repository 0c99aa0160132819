/** The dashboard's panel on OBS: how it is connected, what reactions do and why, and the buttons. */

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

  /** @param {Element} panel */
  constructor(panel) {
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
    const told = await ask();
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
    const off = "Not used. To let LERA act in OBS, set [obs] enabled = true in config.toml.";
    setText(this.find(".obs-state"), told.enabled ? told.state : off);
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
    setText(this.find(".obs-said"), await tell(wanted));
    this.look();
  }
}

/** @param {number} time */
const clock = (time) => new Date(1000 * time).toLocaleTimeString();

/** @returns {Promise<Told|null>} */
async function ask() {
  try {
    const answer = await fetch("/api/obs");
    return answer.ok ? await answer.json() : null;
  } catch {
    // The dashboard says that the bot is away and looks again when it is back.
    return null;
  }
}

/** @param {object} wanted */
async function tell(wanted) {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/obs", { method: "POST", headers, body: JSON.stringify(wanted) });
    return (await answer.json()).said;
  } catch {
    return "The bot did not answer; try again.";
  }
}
