/**
 * What the bot tells of the streamer's own side: their mood, how far the crowd follows it, and who disagrees. Pure. An old
 * bot tells none of it, and what makes no sense is as if it hadn't been told: the rest of the mood is shown all the same.
 *
 * @typedef {import("./mood.js").Emotion} Emotion
 * @typedef {"face"|"voice"|"words"} Modality
 * @typedef {"streamer"|"faces"|"chat"} Side
 *
 * @typedef {object} Streamer
 * @property {Record<Emotion, number>} shares 0..1.
 * @property {Emotion} top
 * @property {number} quality 0..1.
 * @property {Partial<Record<Modality, number>>} parts How much of it comes from where, 0..1; only what there is.
 *
 * @typedef {object} Resonance
 * @property {"ok"|"not_enough"} state While not enough is known, all numbers are null.
 * @property {number|null} score 0..100.
 * @property {[number, number]|null} interval 90 %, of the score.
 * @property {boolean} significant Whether it is more than chance would give.
 * @property {number|null} lag Seconds from the streamer to the crowd.
 * @property {[number, number]|null} lagInterval
 * @property {Readonly<Record<Emotion, number|null>>|null} emotions The score of each of the seven, where it is known.
 *
 * @typedef {object} Disagreement
 * @property {[Side, Side]} between
 * @property {Partial<Record<Side, Emotion>>} says
 * @property {number} since Seconds since 1970, by the bot's clock.
 */

import { EMOTIONS, isShares } from "./mood.js";

/** @type {readonly Modality[]} */
export const MODALITIES = Object.freeze(["face", "voice", "words"]);
const SIDES = ["streamer", "faces", "chat"];
/** No crowd is so far behind, in seconds; a number beyond is a fault. */
const LONGEST_LAG = 600;
const NOTHING = Object.freeze({ state: "not_enough", score: null, interval: null, significant: false, lag: null, lagInterval: null, emotions: null });

const isIn = (value, least, most) => Number.isFinite(value) && value >= least && value <= most;
const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** @param {any} mood As it came. @returns {Streamer|null} */
export function streamerIn(mood) {
  const told = mood?.streamer;
  if (!isRecord(told) || !isShares(told.shares) || !EMOTIONS.includes(told.top) || !isIn(told.quality, 0, 1)) return null;
  const parts = isRecord(told.parts) ? MODALITIES.filter((name) => isIn(told.parts[name], 0, 1)) : [];
  return Object.freeze({
    shares: Object.freeze(seven((emotion) => told.shares[emotion])),
    top: told.top,
    quality: told.quality,
    parts: Object.freeze(Object.fromEntries(parts.map((name) => [name, told.parts[name]]))),
  });
}

/** @param {any} mood As it came. @returns {Resonance|null} */
export function resonanceIn(mood) {
  const told = mood?.resonance;
  if (!isRecord(told)) return null;
  if (told.state === "not_enough") return NOTHING;
  const { score, lag } = told;
  const interval = ends(told.low, score, told.high, 100);
  if (told.state !== "ok" || interval === null) return null;
  const isLag = isIn(lag, 0, LONGEST_LAG);
  const known = (value) => (isIn(value, 0, 100) ? value : null);
  return Object.freeze({
    state: "ok",
    score,
    interval,
    significant: told.significant === true,
    lag: isLag ? lag : null,
    lagInterval: isLag ? ends(told.lag_low, lag, told.lag_high, LONGEST_LAG) : null,
    emotions: isRecord(told.emotions) ? Object.freeze(seven((emotion) => known(told.emotions[emotion]))) : null,
  });
}

/** @param {any} mood As it came. @returns {Disagreement|null} */
export function disagreementIn(mood) {
  const told = mood?.disagreement;
  if (!isRecord(told) || !Array.isArray(told.between) || told.between.length !== 2 || !isRecord(told.says)) return null;
  const [one, other] = told.between;
  if (one === other || ![one, other].every((side) => SIDES.includes(side) && EMOTIONS.includes(told.says[side]))) return null;
  if (!Number.isFinite(told.since)) return null;
  return Object.freeze({ between: Object.freeze([one, other]), says: Object.freeze({ [one]: told.says[one], [other]: told.says[other] }), since: told.since });
}

/** Seconds as they are said: nobody reads tenths of a lag. @param {number} lag */
export const secondsOf = (lag) => Math.round(lag);

/** An interval around its value, or null where it makes no sense. */
function ends(low, value, high, most) {
  return [low, value, high].every((end) => isIn(end, 0, most)) && low <= value && value <= high ? Object.freeze([low, high]) : null;
}

/** @param {(emotion: Emotion) => any} valueOf */
const seven = (valueOf) => Object.fromEntries(EMOTIONS.map((emotion) => [emotion, valueOf(emotion)]));
