/**
 * The overlay's words in each of its languages. They speak of expressions, never of what somebody feels: a model sees
 * a face, not a heart.
 *
 * @typedef {object} Words
 * @property {string} title
 * @property {string} looking The title over an expression.
 * @property {string} crowd The same while chat votes, which leaves less room.
 * @property {string} connecting
 * @property {string} stale
 * @property {string} reconnecting
 * @property {string} resting
 * @property {string} locked Where the page has no key, or one that was renewed.
 * @property {(have: number, need: number) => string} gathering
 * @property {(count: number) => string} viewers
 * @property {(faces: number, chatters: number) => string} voters While chat votes, with or without faces.
 * @property {Record<"rising"|"falling"|"steady", string>} trend
 * @property {Record<import("./mood.js").Emotion, string>} expressions
 * @property {Record<import("./mood.js").Emotion, string>} looks An expression as a phrase.
 * @property {Record<import("./mood.js").Emotion, string>} soft A milder word for the same, where the streamer wants it.
 * @property {(word: string) => string} softLooks
 * @property {string} notice Who reads the expressions, and by whose leave.
 * @property {(seconds: number) => string} delayed
 * @property {string} faces
 * @property {string} chat
 * @property {string} resonance
 * @property {string} streamer
 * @property {string} crowdShort
 * @property {(what: string) => string} follow The resonance, and what is to be said of it.
 * @property {(seconds: number) => string} behind
 * @property {string} chance
 * @property {string} notEnough
 * @property {(one: [string, string], other: [string, string], expressions: Record<string, string>) => string} disagree
 *   Each a side and its expression; `expressions` may be softened.
 */

const SIDES = { en: { streamer: "streamer", faces: "faces", chat: "chat" }, "zh-TW": { streamer: "主播", faces: "鏡頭", chat: "聊天室" } };
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @type {Record<string, Words>} */
const LANGUAGES = {
  en: {
    title: "Crowd expressions",
    looking: "The crowd looks",
    crowd: "Crowd looks",
    connecting: "Connecting…",
    stale: "No signal",
    reconnecting: "Reconnecting…",
    resting: "Resting for a while",
    locked: "LERA: open the overlay's address from the dashboard again",
    gathering: (have, need) => `Gathering the crowd (${have} of ${need})`,
    viewers: (count) => (count === 1 ? "1 viewer" : `${count} viewers`),
    voters: (faces, chatters) => `${faces === 0 ? "" : faces === 1 ? "1 face · " : `${faces} faces · `}${chatters} in chat`,
    trend: { rising: "rising", falling: "falling", steady: "steady" },
    expressions: {
      happiness: "Happy",
      sadness: "Sad",
      neutral: "Neutral",
      anger: "Angry",
      surprise: "Surprised",
      disgust: "Disgusted",
      fear: "Fearful",
    },
    looks: {
      happiness: "Looks happy",
      sadness: "Looks sad",
      neutral: "Looks neutral",
      anger: "Looks angry",
      surprise: "Looks surprised",
      disgust: "Looks disgusted",
      fear: "Looks fearful",
    },
    soft: {
      happiness: "Pleased",
      sadness: "Wistful",
      neutral: "Neutral",
      anger: "Tense",
      surprise: "Alert",
      disgust: "Put off",
      fear: "Uneasy",
    },
    softLooks: (word) => `Looks ${word.toLowerCase()}`,
    notice: "Expressions read by a model, with viewers' consent",
    delayed: (seconds) => `Shown ${seconds} s later`,
    faces: "Faces",
    chat: "Chat",
    resonance: "Resonance",
    streamer: "Streamer",
    crowdShort: "Crowd",
    follow: (what) => `Resonance · ${what}`,
    behind: (seconds) => (seconds === 0 ? "at once" : `${seconds} s behind`),
    chance: "by chance?",
    notEnough: "too early",
    disagree: (one, other, expressions) =>
      capital([one, other].map(([side, emotion]) => `${SIDES.en[side]} ${expressions[emotion].toLowerCase()}`).join(" · ")),
  },
  "zh-TW": {
    title: "觀眾的表情",
    looking: "觀眾看起來",
    crowd: "看起來",
    connecting: "連線中…",
    stale: "沒有訊號",
    reconnecting: "重新連線中…",
    resting: "休息一下",
    locked: "LERA：請從控制台重新開啟疊加層的網址",
    gathering: (have, need) => `正在等觀眾加入（${have}／${need}）`,
    viewers: (count) => `${count} 位觀眾`,
    voters: (faces, chatters) => `${faces === 0 ? "" : `鏡頭 ${faces} 位 · `}聊天室 ${chatters} 位`,
    trend: { rising: "上升", falling: "下降", steady: "持平" },
    expressions: {
      happiness: "開心",
      sadness: "難過",
      neutral: "中性",
      anger: "生氣",
      surprise: "驚訝",
      disgust: "厭惡",
      fear: "害怕",
    },
    looks: {
      happiness: "看起來開心",
      sadness: "看起來難過",
      neutral: "看起來平靜",
      anger: "看起來生氣",
      surprise: "看起來驚訝",
      disgust: "看起來厭惡",
      fear: "看起來害怕",
    },
    soft: {
      happiness: "愉快",
      sadness: "低落",
      neutral: "中性",
      anger: "緊繃",
      surprise: "留神",
      disgust: "不太喜歡",
      fear: "不安",
    },
    softLooks: (word) => `看起來${word}`,
    notice: "表情由模型判讀，已取得觀眾同意",
    delayed: (seconds) => `延後 ${seconds} 秒顯示`,
    faces: "鏡頭",
    chat: "聊天室",
    resonance: "共鳴",
    streamer: "主播",
    crowdShort: "觀眾",
    follow: (what) => `共鳴 · ${what}`,
    behind: (seconds) => (seconds === 0 ? "同步" : `慢 ${seconds} 秒`),
    chance: "也許是巧合",
    notEnough: "資料還不夠",
    disagree: (one, other, expressions) =>
      [one, other].map(([side, emotion]) => `${SIDES["zh-TW"][side]}${expressions[emotion]}`).join(" · "),
  },
};

/**
 * @param {string} lang
 * @returns {Words}
 */
export function wordsOf(lang) {
  return LANGUAGES[lang] ?? LANGUAGES.en;
}

/**
 * The same words, softer for some of the seven.
 *
 * @param {Words} words
 * @param {readonly import("./mood.js").Emotion[]} soften
 * @returns {Words}
 */
export function softened(words, soften) {
  const soft = (make) => Object.fromEntries(soften.map((emotion) => [emotion, make(words.soft[emotion])]));
  return {
    ...words,
    expressions: { ...words.expressions, ...soft((word) => word) },
    looks: { ...words.looks, ...soft(words.softLooks) },
  };
}
