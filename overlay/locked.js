/** What a page without a key shows: one small, quiet line in place of a picture, since it may be on a stream. */

import { element } from "./dom.js";
import { wordsOf } from "./words.js";

/** @type {HTMLElement|null} */
let line = null;

/** @param {boolean} isLocked */
export function showLocked(isLocked) {
  if (isLocked === (line !== null)) return;
  for (const plate of document.querySelectorAll("main")) plate.style.visibility = isLocked ? "hidden" : "";
  if (!isLocked) {
    line.remove();
    line = null;
    return;
  }
  line = element("p", "locked", wordsOf(document.documentElement.lang).locked);
  line.setAttribute("role", "status");
  line.style.cssText =
    "position: fixed; left: 0; bottom: 0; margin: 0; padding: 0.3em 0.7em; border-top-right-radius: 0.5em; " +
    "background: rgba(15, 18, 30, 0.72); color: #c9d2e3; font: 14px/1.4 system-ui, sans-serif";
  document.body.append(line);
}
