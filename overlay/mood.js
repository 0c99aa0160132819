/**
 * What the bot sends over `/live`, and the check that every frame passes before anything is shown.
 *
 * @typedef {"happiness"|"sadness"|"neutral"|"anger"|"surprise"|"disgust"|"fear"} Emotion
 *
 * @typedef {object} Mood A snapshot of the crowd. Everything that is null is null because too few viewers share.
 * @property {"mood"} type
 * @property {number} time Seconds since 1970, by the bot's clock.
 * @property {number|null} viewers Viewers whose reading counts right now.
 * @property {number|null} [connected] Viewers whose agent is connected, whether or not it reads a face right now.
 * @property {number} minimum_viewers
 * @property {boolean} enough
 * @property {Record<Emotion, number>|null} shares 0..1, together 1.
 * @property {Record<Emotion, [number, number]>|null} intervals The 90 % interval of each share.
 * @property {Emotion|null} top
 * @property {number|null} valence -1 (unpleasant) .. 1 (pleasant).
 * @property {number|null} arousal -1 (calm) .. 1 (excited).
 * @property {Record<Emotion, number>|null} trend Change of each share over the last while.
 * @property {boolean} [paused] A moderator lets the mood rest; then nothing is known.
 * @property {boolean} [overlay] False while a moderator has hidden the overlay.
 * @property {string|null} [said] A line to show.
 * @property {{face: Source, chat: Source}} [sources] How much comes from where.
 *
 * @typedef {object} Source
 * @property {number} voters
 * @property {number} part 0..1 of the mood's weight; 0 while these voters don't count.
 * @property {Record<Emotion, number>|null} shares Of this source alone; null where that would tell of single viewers.
 *
 * @typedef {{type: "beat", time: number}} Beat
 *
 * @typedef {object} Tile A viewer who chose to be shown.
 * @property {string} seat Which tile it is; tells nothing else.
 * @property {string|null} name Any text at all; null for an anonymous seat.
 * @property {Emotion|null} top null while the face can't be read surely.
 * @property {Record<Emotion, number>|null} shares
 * @property {number} sure 0..1.
 *
 * @typedef {object} Tiles
 * @property {"tiles"} type
 * @property {"on"|"hidden"|"off"} state `hidden` by the dashboard, `off` in the bot's settings.
 * @property {Tile[]} tiles
 * @property {number} more Others who want to be shown and have no place.
 */

/** The one order that wire, database, arrays and this page share. @type {readonly Emotion[]} */
export const EMOTIONS = Object.freeze(["happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"]);

const isShare = (value) => Number.isFinite(value) && value >= 0 && value <= 1;
const isInterval = (value) => Array.isArray(value) && value.length === 2 && value.every(isShare) && value[0] <= value[1];
const isOfEach = (record, check) => record !== null && typeof record === "object" && EMOTIONS.every((name) => check(record[name]));
const isTextOrNull = (value) => value === null || value === undefined || typeof value === "string";
const isNumberOrNull = (value) => value === null || value === undefined || Number.isFinite(value);

/**
 * A frame that is safe to show, or null for one that this page does not know. An unknown frame is no error: a newer
 * bot may say more than an older page understands.
 *
 * @param {unknown} text
 * @returns {Mood|Beat|Tiles|null}
 */
export function readFrame(text) {
  let frame;
  try {
    frame = JSON.parse(String(text));
  } catch {
    return null;
  }
  if (frame === null || typeof frame !== "object") return null;
  if (frame.type === "beat") return frame;
  if (frame.type === "tiles") return isTiles(frame) ? frame : null;
  return frame.type === "mood" && isMood(frame) ? frame : null;
}

/** @param {any} value */
export const isShares = (value) => isOfEach(value, isShare);

const isSource = (source) => Number.isFinite(source?.voters) && isShare(source.part);

/**
 * The voters that count: `viewers` alone where there are only faces, or where the bot is too old to say more.
 *
 * @param {Mood} mood
 * @param {import("./words.js").Words} words
 */
export function votersOf(mood, words) {
  const { face, chat } = mood.sources ?? {};
  if (!chat?.part) return words.viewers(mood.viewers);
  return words.voters(face.part === 0 ? 0 : face.voters, chat.voters);
}

/** A bot sends at most 100 tiles, and a name has at most 120 bytes. */
const MOST_TILES = 100;
const LONGEST_NAME = 120;

function isTiles({ tiles, more, state = "on" }) {
  if (!Array.isArray(tiles) || tiles.length > MOST_TILES || !["on", "hidden", "off"].includes(state)) return false;
  if (more !== undefined && !(Number.isInteger(more) && more >= 0)) return false;
  return tiles.every(isTile) && new Set(tiles.map(({ seat }) => seat)).size === tiles.length;
}

function isTile(tile) {
  if (tile === null || typeof tile !== "object" || !/^[a-z0-9]{1,16}$/.test(tile.seat) || !isShare(tile.sure)) return false;
  if (tile.name !== null && (typeof tile.name !== "string" || tile.name.length > LONGEST_NAME)) return false;
  if (tile.top === null) return true;
  return EMOTIONS.includes(tile.top) && isShares(tile.shares);
}

/**
 * @param {any} frame
 * @returns {boolean}
 */
function isMood(frame) {
  const numbers = [frame.time, frame.viewers, frame.connected, frame.minimum_viewers, frame.valence, frame.arousal];
  if (typeof frame.enough !== "boolean" || !numbers.every(isNumberOrNull)) return false;
  if (!isTextOrNull(frame.said)) return false;
  if (frame.sources && !["face", "chat"].every((name) => isSource(frame.sources[name]))) return false;
  if (frame.trend && !isOfEach(frame.trend, Number.isFinite)) return false;
  if (!frame.enough) return true;
  return isShares(frame.shares) && isOfEach(frame.intervals, isInterval) && EMOTIONS.includes(frame.top);
}
