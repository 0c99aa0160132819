/** The dashboard's line on the Google Sheet, where one is used. */

import { setText } from "./dom.js";

const PERIOD = 3000;

/** @param {HTMLElement} panel The section with a `.sheet-line` in it.
 * @param {() => boolean} isThere Whether the bot is there to be asked. */
export function watchSheet(panel, isThere) {
  async function look() {
    if (document.hidden || !isThere()) return;
    try {
      const answer = await fetch("/api/status");
      if (!answer.ok) return;
      const { sheet } = await answer.json();
      panel.hidden = typeof sheet !== "string" || sheet === "off";
      setText(panel.querySelector(".sheet-line"), panel.hidden ? "" : sheet);
    } catch {
      // The feed says that the bot is away.
    }
  }

  setInterval(look, PERIOD);
  return look;
}
