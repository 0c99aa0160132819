/** The streamer's first, plain dashboard: now, the last five minutes, and the links to hand out. */

import { copies } from "./copy.js";
import { element, setText } from "./dom.js";
import { draw } from "./drawings.js";
import { Feed } from "./feed.js";
import { wayOf } from "./view.js";
import { EMOTIONS, isShares, votersOf } from "./mood.js";
import { ObsPanel } from "./obs.js";
import { paced } from "./pace.js";
import { River } from "./river.js";
import { watchSheet } from "./sheet.js";
import { TilesPanel } from "./tiles.js";
import { watchTwitch } from "./twitch.js";
import { wordsOf } from "./words.js";

const SECONDS = 300;
const words = wordsOf("en");
const root = document.documentElement;
const find = (selector) => document.querySelector(selector);

const LINKS = {
  overlay: ["Overlay, for an OBS browser source", "Shows the bars only. Add ?theme=light, &scale=1.5 or &lang=zh-TW as you like."],
  join: ["Join link, for your viewers", "Contains the channel's token: whoever has it may take part."],
  sheet: ["Link by the Google Sheet, for your viewers", "Names the spreadsheet where they meet; they need a key file as well."],
  dashboard: ["This dashboard", "For you alone."],
};

/** @type {import("./mood.js").Mood|null} */
let mood = null;
/** @type {import("./feed.js").Signal} */
let signal = "connecting";
/** The bot's clock minus this page's, in seconds, so that the river's right edge is the bot's now. */
let offset = 0;

const river = new River(find("canvas"), SECONDS);
const rows = buildTable();
const obs = new ObsPanel(find(".obs"));
const tiles = new TilesPanel(find(".tiles"), words);

/** @param {number} value -1..1 */
function pleasantness(value) {
  const size = Math.abs(value);
  if (size < 0.08) return "Balanced";
  const word = value > 0 ? "pleasant" : "unpleasant";
  return size < 0.25 ? `Slightly ${word}` : size > 0.5 ? `Very ${word}` : word[0].toUpperCase() + word.slice(1);
}

/** @param {number} value -1..1 */
function energy(value) {
  if (value < -0.08) return "Subdued";
  if (value < 0.12) return "Calm";
  return value < 0.3 ? "Lively" : value < 0.5 ? "Excited" : "Very excited";
}

const percent = (share) => `${Math.round(100 * share)}%`;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

function buildTable() {
  return EMOTIONS.map((name) => {
    const heading = element("th", "", draw(name), words.expressions[name]);
    heading.scope = "row";
    const [share, interval, trend] = ["share", "interval", "way"].map((cell) => element("td", cell, "–"));
    const row = element("tr", "row", heading, share, interval, trend);
    row.dataset.emotion = name;
    find("tbody").append(row);
    return { name, row, share, interval, trend };
  });
}

function state() {
  if (signal !== "live" || mood === null) return signal;
  if (mood.paused === true) return "resting";
  return mood.enough ? "live" : "gathering";
}

const tell = paced(250, () => {
  if (document.hidden) return;
  const now = state();
  if (root.dataset.state !== now) root.dataset.state = now;
  const gathering = mood && words.gathering(mood.viewers ?? 0, mood.minimum_viewers ?? 0);
  const resting = "Resting: paused in chat, nothing is read or counted";
  const said = { connecting: "Connecting…", live: "Live", gathering, resting, stale: "No signal, reconnecting…" };
  const hidden = signal === "live" && mood?.overlay === false ? " · the overlay is hidden" : "";
  setText(find(".signal-words"), said[now] + hidden);
  setText(find(".channel"), typeof mood?.channel === "string" ? mood.channel : "");
  tellCards(now === "live" ? mood : null);
  tellTable(now === "live" ? mood : null);
});

/** @param {import("./mood.js").Mood|null} live */
function tellCards(live) {
  const top = live?.top ?? null;
  const card = find(".top");
  if (card.dataset.emotion !== (top ?? "")) {
    card.dataset.emotion = top ?? "";
    card.replaceChildren(...(top === null ? ["–"] : [draw(top), words.expressions[top]]));
  }
  const change = top === null ? undefined : live.trend?.[top];
  setText(find(".top-note"), top === null ? "" : `${percent(live.shares[top])}${change === undefined ? "" : `, ${words.trend[wayOf(change)]}`}`);
  const known = signal === "live" && mood !== null;
  setText(find(".viewers"), known ? String(mood.viewers ?? 0) : "–");
  setText(find(".viewers-note"), known ? sourcesNote(live) : "");
  for (const [name, say] of [["valence", pleasantness], ["arousal", energy]]) {
    const value = live?.[name];
    const told = Number.isFinite(value);
    setText(find(`.${name}`), told ? say(value) : "–");
    setText(find(`.${name}-note`), told ? signed(value) : "");
  }
}

/** Who the counted are while chat is among them, and who could be. @param {import("./mood.js").Mood|null} live */
function sourcesNote(live) {
  const { face, chat } = live?.sources ?? {};
  const connected = `${mood.connected ?? 0} connected`;
  if (!chat?.part) return `${connected}, ${mood.minimum_viewers} needed`;
  const waiting = `${face.voters} of ${mood.minimum_viewers} faces`;
  const faces = face.part ? `${percent(chat.part)} from chat` : waiting;
  return `${votersOf(live, words)}, ${faces}; ${connected}`;
}

/** @param {import("./mood.js").Mood|null} live */
function tellTable(live) {
  for (const { name, row, share, interval, trend } of rows) {
    const ends = live?.intervals[name];
    const change = live?.trend?.[name];
    row.classList.toggle("leads", live?.top === name);
    setText(share, live ? percent(live.shares[name]) : "–");
    setText(interval, ends ? `${Math.round(100 * ends[0])}–${percent(ends[1])}` : "–");
    setText(trend, change === undefined ? "–" : words.trend[wayOf(change)]);
  }
}

function drawRiver() {
  if (document.hidden) return;
  river.draw(Date.now() / 1000 + offset);
  find(".empty").hidden = river.stretches().length > 0;
}

/** @param {number} time By the bot's clock. */
function remember(time) {
  offset = time - Date.now() / 1000;
  river.add({ time, shares: mood?.enough ? mood.shares : null });
}

/** @param {string} path */
async function ask(path) {
  try {
    const answer = await fetch(path);
    return answer.ok ? await answer.json() : null;
  } catch {
    // The feed says that the bot is away and asks again when it is back.
    return null;
  }
}

async function recall() {
  const told = await ask(`/api/history?seconds=${SECONDS}`);
  if (!Array.isArray(told?.rows)) return;
  const past = told.rows.filter((row) => Number.isFinite(row?.time));
  river.recall(past.map(({ time, shares }) => ({ time, shares: isShares(shares) ? shares : null })));
  drawRiver();
}

async function showLinks() {
  const told = await ask("/api/links");
  if (told === null) return;
  const known = Object.entries(LINKS).filter(([name]) => typeof told[name] === "string");
  find(".links").replaceChildren(...known.map(([name, [label, note]]) => link(name, label, note, told[name])));
}

function link(name, label, note, url) {
  const input = Object.assign(element("input", ""), { id: `link-${name}`, value: url, readOnly: true });
  input.setAttribute("aria-describedby", `note-${name}`);
  input.addEventListener("focus", () => input.select());
  const button = Object.assign(element("button", "", "Copy"), { type: "button" });
  button.setAttribute("aria-label", `Copy: ${label}`);
  copies(button, input, find(".copied"));
  const heading = Object.assign(element("label", "", label), { htmlFor: input.id });
  const small = Object.assign(element("p", "note", note), { id: `note-${name}` });
  return element("div", "link", heading, element("div", "field", input, button), small);
}

const lookAtTwitch = watchTwitch(find(".twitch"), () => signal === "live");

const lookAtSheet = watchSheet(find(".sheet"), () => signal === "live");

const feed = new Feed({
  mood(next) {
    mood = next;
    remember(next.time);
    tell.soon();
  },
  tiles: (_tiles, frame) => tiles.tell(frame),
  beat: ({ time }) => remember(time),
  signal(next) {
    signal = next;
    tell.now();
    if (next !== "live") tiles.tell(null);
    if (next !== "live") return;
    recall();
    showLinks();
    lookAtTwitch();
    obs.look();
    lookAtSheet();
  },
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  feed.wake();
  tell.now();
  drawRiver();
});
window.addEventListener("resize", drawRiver);
setInterval(drawRiver, 1000);
drawRiver();
