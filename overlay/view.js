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
 * @property {Pick<import("./streamer.js").Streamer, "quality"|"parts"> & {shares: Record<Emotion, number>}|null} streamer
 *   The streamer's own mood; null without one, and where it isn't to be shown.
 * @property {import("./streamer.js").Resonance|null} resonance How far the crowd follows the streamer.
 * @property {string} score "72", or a dash. Changes slowly enough to be read.
 * @property {Emotion|null} streamerLead The streamer's strongest of those shown. Changes at most once a second.
 * @property {import("./streamer.js").Disagreement|null} disagreement Who says something else than whom, while they do.
 * @property {""|"unknown"|"chance"|"clear"} follows Whether the crowd follows, and whether that is more than chance; empty
 *   where nothing is to be shown of it. Changes at most once a second.
 * @property {string} follow `resonance` or `disagreement` in words; empty while there is nothing to say.
 *
 * @typedef {object} Part
 * @property {number} voters
 * @property {number} part 0..1 of the mood's weight.
 * @property {Record<Emotion, number>} shares
 * @property {Record<Emotion, [number, number]>} intervals
 */

import { isShares, votersOf } from "./mood.js";
import { disagreementIn, resonanceIn, secondsOf, streamerIn } from "./streamer.js";

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
export function movingOf(state, mood, settings) {
  const { show, apart } = settings;
  const { streamer, resonance } = ownOf(state, mood, settings);
  return {
    state,
    mood,
    shares: only(show, mood?.shares),
    intervals: only(show, mood?.intervals),
    parts: apart && state === "live" ? partsOf(show, mood) : null,
    arousal: mood?.arousal ?? 0,
    valence: mood?.valence ?? 0,
    streamer,
    resonance,
  };
}

/**
 * The streamer's own side, as far as it may be shown; nothing of it while the mood rests.
 *
 * @param {State} state
 * @param {import("./mood.js").Mood|null} mood
 * @param {import("./settings.js").Settings} settings
 */
function ownOf(state, mood, { show, resonance: isAsked }) {
  if (!isAsked || mood === null || state === "resting") return { streamer: null, resonance: null, disagreement: null };
  const [streamer, resonance, disagreement] = [streamerIn(mood), resonanceIn(mood), disagreementIn(mood)];
  const isTold = disagreement?.between.every((side) => show.includes(disagreement.says[side]));
  return {
    streamer: streamer && Object.freeze({ shares: only(show, streamer.shares), quality: streamer.quality, parts: streamer.parts }),
    resonance: resonance && Object.freeze({ ...resonance, emotions: only(show, resonance.emotions) }),
    disagreement: isTold && state === "live" ? disagreement : null,
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
export function countingOf(state, mood, settings, words) {
  const { show, apart } = settings;
  const { resonance } = ownOf(state, mood, settings);
  const number = (share) => (share === undefined ? UNKNOWN : `${Math.round(100 * share)}%`);
  const numbersOf = (shares) => Object.freeze(Object.fromEntries(show.map((emotion) => [emotion, number(shares?.[emotion])])));
  const parts = apart && state === "live" ? partsOf(show, mood) : null;
  return {
    numbers: numbersOf(state === "stale" ? null : mood?.shares),
    numbersApart: parts && Object.freeze({ face: numbersOf(parts.face.shares), chat: numbersOf(parts.chat.shares) }),
    score: resonance?.state === "ok" && state !== "stale" ? String(Math.round(resonance.score)) : UNKNOWN,
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
export function tellingOf(state, mood, settings, words, delayed) {
  const { show, delay } = settings;
  const own = ownOf(state, mood, settings);
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
    streamerLead: own.streamer && strongestOf(show, own.streamer.shares),
    disagreement: own.disagreement,
    follows: followsOf(own),
    follow: followOf(state, own, words),
  };
}

/** An agent that has gone leaves nothing behind but that nothing is known, which is nothing to show. */
function followsOf({ streamer, resonance }) {
  if (resonance?.state === "ok") return resonance.significant ? "clear" : "chance";
  return streamer === null ? "" : "unknown";
}

/** The line under the two faces; empty while the streamer has no agent. */
function followOf(state, own, words) {
  const { resonance, disagreement } = own;
  const follows = followsOf(own);
  if (follows === "") return "";
  if (disagreement !== null) return words.disagree(...disagreement.between.map((side) => [side, disagreement.says[side]]), words.expressions);
  if (state === "stale") return words.resonance;
  if (follows === "unknown") return words.follow(words.notEnough);
  if (follows === "chance") return words.follow(words.chance);
  return resonance.lag === null ? words.resonance : words.follow(words.behind(secondsOf(resonance.lag)));
}

/** The strongest of those that are shown; null where all of these are nothing. */
function leadOf(show, mood) {
  return show.includes(mood.top) ? mood.top : strongestOf(show, mood.shares);
}

/** @param {readonly Emotion[]} show @param {Record<Emotion, number>} shares */
function strongestOf(show, shares) {
  const strongest = show.reduce((best, emotion) => (shares[emotion] > shares[best] ? emotion : best));
  return shares[strongest] > 0 ? strongest : null;
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
