/**
 * What a theme is given: one frozen picture of the moment, ready to be shown. Pure: from the mood, the settings and the
 * words alone. Hidden expressions are in no part of it but `mood`.
 *
 * @typedef {"connecting"|"live"|"gathering"|"resting"|"stale"} State
 * @typedef {import("./mood.js").Emotion} Emotion
 *
 * @typedef {object} View
 * @property {State} state
 * @property {import("./mood.js").Mood|null} mood As the bot sent it.
 * @property {number|null} now Seconds since 1970, by the bot's clock, of what is shown.
 * @property {Record<Emotion, number>|null} shares 0..1, of the whole crowd; while stale the last ones known.
 * @property {Record<Emotion, [number, number]>|null} intervals 90 %.
 * @property {{face: Part, chat: Part}|null} parts Faces and chat, where they are asked for apart and both are enough.
 * @property {number} arousal -1 (calm) .. 1 (excited); 0 while unknown.
 * @property {number} valence -1 (unpleasant) .. 1 (pleasant); 0 while unknown.
 * @property {readonly import("./past.js").Point[]} past The last quarter of an hour, oldest first.
 * @property {readonly import("./mood.js").Tile[]} tiles Viewers who chose to be shown.
 * @property {number} more Others of them for whom there is no place.
 *
 * @property {Record<Emotion, string>} numbers "41%", or a dash. Changes slowly enough to be read.
 * @property {{face: Record<Emotion, string>, chat: Record<Emotion, string>}|null} numbersApart The same of each of `parts`.
 * @property {string} people "38 faces · 120 in chat"; empty while it isn't known, or while `headline` says it.
 *
 * @property {Emotion|null} lead The strongest of those shown; null unless live. Changes at most once a second.
 * @property {string} title
 * @property {string} headline The leading expression in a word, or what is waited for.
 * @property {string} phrase The same as a phrase: "Looks happy".
 * @property {string} picture What to draw beside it.
 * @property {"rising"|"falling"|"steady"|""} way
 * @property {string} trend `way` in words.
 *
 * @typedef {object} Part
 * @property {number} voters
 * @property {number} part 0..1 of the mood's weight.
 * @property {Record<Emotion, number>} shares
 * @property {Record<Emotion, [number, number]>} intervals
 */

import { isShares, votersOf } from "./mood.js";

export const UNKNOWN = "–";
/** A share that moved less than this reads as steady: the interval of a small crowd is far wider. */
const STEADY = 0.02;

/** @param {number} change */
export const wayOf = (change) => (change > STEADY ? "rising" : change < -STEADY ? "falling" : "steady");

/**
 * @param {import("./feed.js").Signal} signal
 * @param {import("./mood.js").Mood|null} mood
 * @returns {State}
 */
export function stateOf(signal, mood) {
  if (signal === "stale") return "stale";
  if (mood === null) return "connecting";
  if (mood.paused === true) return "resting";
  return mood.enough ? "live" : "gathering";
}

/**
 * What moves: at most at the pace at which nothing flashes.
 *
 * @param {State} state
 * @param {import("./mood.js").Mood|null} mood
 * @param {import("./settings.js").Settings} settings
 */
export function movingOf(state, mood, { show, apart }) {
  return {
    state,
    mood,
    shares: only(show, mood?.shares),
    intervals: only(show, mood?.intervals),
    parts: apart && state === "live" ? partsOf(show, mood) : null,
    arousal: mood?.arousal ?? 0,
    valence: mood?.valence ?? 0,
  };
}

/**
 * What is read: at a slower pace.
 *
 * @param {State} state
 * @param {import("./mood.js").Mood|null} mood
 * @param {import("./settings.js").Settings} settings
 * @param {import("./words.js").Words} words
 */
export function countingOf(state, mood, { show, apart }, words) {
  const number = (share) => (share === undefined ? UNKNOWN : `${Math.round(100 * share)}%`);
  const numbersOf = (shares) => Object.freeze(Object.fromEntries(show.map((emotion) => [emotion, number(shares?.[emotion])])));
  const parts = apart && state === "live" ? partsOf(show, mood) : null;
  return {
    numbers: numbersOf(state === "stale" ? null : mood?.shares),
    numbersApart: parts && Object.freeze({ face: numbersOf(parts.face.shares), chat: numbersOf(parts.chat.shares) }),
    people: state === "live" && Number.isFinite(mood.viewers) ? votersOf(mood, words) : "",
  };
}

/**
 * What stands in large letters: at the slowest pace, for it may not flicker between two that are level.
 *
 * @param {State} state
 * @param {import("./mood.js").Mood|null} mood
 * @param {import("./settings.js").Settings} settings
 * @param {import("./words.js").Words} words
 * @param {boolean} delayed Whether the bot is there and its first mood is still held back.
 */
export function tellingOf(state, mood, { show, delay }, words, delayed) {
  const lead = state === "live" ? leadOf(show, mood) : null;
  const change = lead === null ? undefined : mood.trend?.[lead];
  const way = change === undefined ? "" : wayOf(change);
  const waiting = {
    connecting: delayed ? words.delayed(delay) : words.connecting,
    gathering: words.gathering(mood?.viewers ?? 0, mood?.minimum_viewers ?? 0),
    resting: words.resting,
    stale: words.reconnecting,
  };
  const looking = mood?.sources?.chat?.part > 0 ? words.crowd : words.looking;
  const titles = { live: lead === null ? words.title : looking, stale: words.stale };
  const headline = lead === null ? waiting[state] ?? words.title : words.expressions[lead];
  return {
    lead,
    title: titles[state] ?? words.title,
    headline,
    phrase: lead === null ? headline : words.looks[lead],
    picture: lead ?? { gathering: "crowd", resting: "rest" }[state] ?? "silence",
    way,
    trend: way === "" ? "" : words.trend[way],
  };
}

/** The strongest of those that are shown; null where all of these are nothing. */
function leadOf(show, mood) {
  if (show.includes(mood.top)) return mood.top;
  const strongest = show.reduce((best, emotion) => (mood.shares[emotion] > mood.shares[best] ? emotion : best));
  return mood.shares[strongest] > 0 ? strongest : null;
}

/** @param {readonly Emotion[]} show @param {import("./mood.js").Mood} mood */
export function partsOf(show, mood) {
  const { face, chat } = mood.sources ?? {};
  const isPart = (source) => source?.part > 0 && isShares(source.shares);
  if (!isPart(face) || !isPart(chat)) return null;
  // Fewer voters know less: the whole's intervals, laid about a part's shares and widened as its smaller weight asks.
  const about = (emotion, { part, shares }) => {
    const [low, high] = mood.intervals[emotion].map((end) => (end - mood.shares[emotion]) / Math.sqrt(part));
    return [Math.max(0, shares[emotion] + low), Math.min(1, shares[emotion] + high)];
  };
  const part = (source) => {
    const intervals = Object.fromEntries(show.map((emotion) => [emotion, about(emotion, source)]));
    return Object.freeze({ voters: source.voters, part: source.part, shares: only(show, source.shares), intervals });
  };
  return Object.freeze({ face: part(face), chat: part(chat) });
}

/** @param {readonly Emotion[]} show */
function only(show, record) {
  return record ? Object.freeze(Object.fromEntries(show.map((emotion) => [emotion, record[emotion]]))) : null;
}
