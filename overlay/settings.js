/**
 * The query string of the overlay's address. Each setting is one of a few known values; anything else is the default,
 * silently, because a typing slip must not blank a live stream.
 */

import { EMOTIONS } from "./mood.js";

const THEMES = ["dark", "light", "clear"];
const POSITIONS = ["left", "right", "bottom"];
const LANGUAGES = ["en", "zh-TW"];
const SMALLEST = 0.5;
const LARGEST = 3;

/**
 * @typedef {object} Settings
 * @property {string} theme `clear` has no plate, only outlined words.
 * @property {number} scale 0.5..3; the plate never grows beyond the source, whatever the scale.
 * @property {import("./mood.js").Emotion[]} show Which bars, always in the one order.
 * @property {"full"|"reduced"} motion
 * @property {string} lang
 * @property {string} position
 */

/**
 * @param {string} search As in `location.search`.
 * @returns {Settings}
 */
export function readSettings(search) {
  const query = new URLSearchParams(search);
  const oneOf = (name, values) => values.find((value) => value.toLowerCase() === query.get(name)?.toLowerCase()) ?? values[0];
  const wanted = (query.get("show") ?? "").toLowerCase().split(",").map((name) => name.trim());
  const show = EMOTIONS.filter((name) => wanted.includes(name));
  return {
    theme: oneOf("theme", THEMES),
    scale: readScale(query.get("scale")),
    show: show.length > 0 ? show : [...EMOTIONS],
    motion: query.get("motion") === "reduced" ? "reduced" : "full",
    lang: oneOf("lang", LANGUAGES),
    position: oneOf("position", POSITIONS),
  };
}

/** @param {string|null} text */
function readScale(text) {
  // Plain decimals only: Number() would also take "", "0x2" and "1e9".
  if (text === null || !/^\d{1,3}(\.\d{1,4})?$/.test(text)) return 1;
  return Math.min(LARGEST, Math.max(SMALLEST, Number(text)));
}
