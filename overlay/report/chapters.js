/** The moments as lines for a video's description. */

import { clock } from "./words.js";

/**
 * @param {HTMLElement|null} box Gets the lines; null where there are none.
 * @param {HTMLInputElement} earlier How many seconds before its peak a chapter begins.
 * @param {object} data The report's.
 */
export function copyable(box, earlier, data) {
  if (!box) return;
  const write = () => {
    const lead = Math.min(Math.max(Number(earlier.value) || 0, 0), 600);
    // A video site takes the list for chapters only when it begins at 0:00, and none is shorter than ten seconds.
    const lines = data.moments.map(([into, , phrase]) => `${clock(Math.max(into - lead, 10))} ${phrase}`);
    box.textContent = [`0:00 ${data.words.start}`, ...lines].join("\n");
  };
  earlier.addEventListener("input", write);
  write();
}
