/**
 * The query string of the overlay's address. Each setting is one of a few known values; anything else is the default,
 * silently, because a typing slip must not blank a live stream. A theme's own fields are in fields.js.
 */

import { EMOTIONS } from "./mood.js";

export const DEFAULT_THEME = "bars";

const PLATES = ["dark", "light", "clear"];
const POSITIONS = ["left", "right", "bottom"];
const LANGUAGES = ["en", "zh-TW"];
const SMALLEST = 0.5;
const LARGEST = 3;
const LONGEST_DELAY = 300;

/**
 * @typedef {object} Settings
 * @property {string} theme A folder of `themes`; whether there is such a one shows when it is loaded.
 * @property {string} plate `clear` has no plate, only outlined words.
 * @property {number} scale 0.5..3; the plate never grows beyond the source, whatever the scale.
 * @property {import("./mood.js").Emotion[]} show What is on the screen, always in the one order.
 * @property {import("./mood.js").Emotion[]} soften What is shown with gentler words and in the colour of none.
 * @property {boolean} apart Faces and chat are told apart, where both are enough.
 * @property {number} delay In seconds, 0..300.
 * @property {boolean} notice Whether the page says that a model reads expressions.
 * @property {boolean} resonance Whether the streamer's own side is shown, while they have an agent.
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
  const told = (name) => (query.get(name) ?? "").trim().toLowerCase();
  const oneOf = (name, values) => values.find((value) => value.toLowerCase() === told(name)) ?? values[0];
  const listed = (name) => {
    const wanted = told(name).split(",").map((each) => each.trim());
    return EMOTIONS.filter((emotion) => wanted.includes(emotion));
  };
  const shown = listed("show");
  const hidden = listed("hide");
  const show = (shown.length > 0 ? shown : EMOTIONS).filter((emotion) => !hidden.includes(emotion));
  const theme = told("theme");
  // Before there were themes, this setting was the plate's.
  const isPlate = PLATES.includes(theme);
  return {
    theme: !isPlate && /^[a-z][a-z0-9-]{0,31}$/.test(theme) ? theme : DEFAULT_THEME,
    plate: oneOf(isPlate && !query.has("plate") ? "theme" : "plate", PLATES),
    scale: readNumber(query.get("scale"), 1, SMALLEST, LARGEST),
    // A plate that shows nothing would be a fault: whoever hides all seven sees them all.
    show: show.length > 0 ? show : [...EMOTIONS],
    soften: listed("soften"),
    apart: ["1", "on", "true"].includes(told("apart")),
    delay: readNumber(query.get("delay"), 0, 0, LONGEST_DELAY),
    notice: !["0", "off", "false"].includes(told("notice")),
    resonance: !["0", "off", "false"].includes(told("resonance")),
    motion: told("motion") === "reduced" ? "reduced" : "full",
    lang: oneOf("lang", LANGUAGES),
    position: oneOf("position", POSITIONS),
  };
}

/**
 * Plain decimals only: Number() would also take "", "0x2" and "1e9".
 *
 * @param {string|null} text
 * @param {number} otherwise
 * @param {number} least
 * @param {number} most
 */
export function readNumber(text, otherwise, least, most) {
  if (text === null || !/^-?\d{1,6}(\.\d{1,4})?$/.test(text)) return otherwise;
  return Math.min(most, Math.max(least, Number(text)));
}
