/** The dashboard's list of connections: how each is, and its mend. Signs differ by shape and word, not by colour alone. */

import { ask, watch } from "./ask.js";
import { element, setText } from "./dom.js";

const PERIOD = 3000;

/**
 * @param {HTMLElement} panel The section with a `.health-line` and a `.health` list in it.
 * @param {Record<string, string>} captions
 * @param {() => boolean} isThere Whether the bot is there to be asked.
 */
export function watchHealth(panel, captions, isThere) {
  const list = panel.querySelector(".health");
  /** @type {Map<string, {item: HTMLElement, sign: HTMLElement, line: HTMLElement, mend: HTMLElement}>} */
  const rows = new Map();

  /** @param {string} name */
  function row(name) {
    const sign = element("span", "sign");
    const line = element("span", "health-said");
    const mend = element("span", "health-mend");
    line.dir = mend.dir = "auto";
    const item = element("li", "", element("strong", "", captions[name] ?? name), sign, line, mend);
    return { item, sign, line, mend };
  }

  /** @param {{name: string, state: string, line: string, mend: string}[]} connections */
  function show(connections) {
    const names = connections.map(({ name }) => name);
    for (const [name, { item }] of rows) {
      if (names.includes(name)) continue;
      item.remove();
      rows.delete(name);
    }
    for (const { name, state, line, mend } of connections) {
      if (!rows.has(name)) rows.set(name, row(name));
      const known = rows.get(name);
      if (!known.item.isConnected) list.append(known.item);
      known.item.dataset.health = state;
      setText(known.sign, captions[state] ?? state);
      setText(known.line, line);
      setText(known.mend, mend);
      known.mend.hidden = mend === "";
    }
    // Heard only when it changes: one line on what needs a person, or is waited for.
    const named = (wanted) => connections.filter(({ state }) => state === wanted).map(({ name }) => captions[name] ?? name);
    const [bad, waiting] = [named("bad"), named("waiting")];
    const line = bad.length > 0 ? `${captions.bad}: ${bad.join(", ")}` : waiting.length > 0 ? `${captions.waitsfor}: ${waiting.join(", ")}` : captions.allwell;
    setText(panel.querySelector(".health-line"), line);
  }

  return watch(PERIOD, isThere, async () => {
    const told = await ask("/api/health");
    if (Array.isArray(told?.connections)) show(told.connections);
  });
}
