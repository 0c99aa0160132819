/** The streamer's dashboard: how the crowd is now and was in the last five minutes, how far it follows, and all that the streamer may do. */

import { Access } from "./access.js";
import { ask } from "./ask.js";
import { Builder } from "./builder.js";
import { Calm } from "./calm.js";
import { LANGUAGES, caption, captionsOf, choose, language } from "./captions.js";
import { Controls } from "./controls.js";
import { CrowdNow, PHRASES } from "./crowd.js";
import { setText } from "./dom.js";
import { Feed } from "./feed.js";
import { watchHealth } from "./health.js";
import { offerKeys } from "./keys.js";
import { Links } from "./links.js";
import { isShares } from "./mood.js";
import { ObsPanel } from "./obs.js";
import { paced } from "./pace.js";
import { River } from "./river.js";
import { SelfPanel } from "./self.js";
import { show as showKey } from "./session.js";
import { TilesPanel } from "./tiles.js";
import { watchTwitch } from "./twitch.js";
import { wordsOf } from "./words.js";

const SECONDS = 300;
const LONGEST_NAME = 80;

const root = document.documentElement;
const find = (selector) => document.querySelector(selector);
const lang = language();
const [words, captions, phrases] = [wordsOf(lang), captionsOf(lang), PHRASES[lang]];

root.lang = lang;
caption(document, captions);
document.title = `LERA ${captions.heading}`;
const languages = find(".languages");
languages.value = LANGUAGES.includes(lang) ? lang : "en";
languages.addEventListener("change", () => {
  choose(languages.value);
  location.reload();
});

/** @type {import("./mood.js").Mood|null} */
let mood = null;
/** The one that the switches show. @type {import("./mood.js").Mood|null} */
let followed = null;
/** @type {import("./feed.js").Signal} */
let signal = "connecting";
/** The bot's clock minus this page's, in seconds, so that the river's right edge is the bot's now. */
let offset = 0;
const isThere = () => signal === "live";

const river = new River(find("canvas"), SECONDS);
const crowd = new CrowdNow(document, words, phrases);
const calm = new Calm(find(".calm"), find(".calm-button"), lang);
const controls = new Controls(document, captions);
const links = new Links(find('[aria-labelledby="links-heading"]'), captions);
const access = new Access(find('[aria-labelledby="links-heading"]'), captions, lang, isThere, () => lookAtLinks());
const builder = new Builder(find(".look"), captions, lang, words.expressions);
const obs = new ObsPanel(find(".obs"), captions);
const lookAtHealth = watchHealth(find(".connections"), captions, isThere);
const lookAtTwitch = watchTwitch(find(".twitch"), captions, isThere);
offerKeys(find(".secrets"), captions, showLinks);
const self = new SelfPanel(find(".together"), words, captions, lang);
const tiles = new TilesPanel(find(".tiles"), words, lang, access.look);

function state() {
  if (signal !== "live" || mood === null) return signal;
  if (mood.paused === true) return "resting";
  return mood.enough ? "live" : "gathering";
}

const tell = paced(250, () => {
  if (document.hidden) return;
  const now = state();
  if (root.dataset.state !== now) root.dataset.state = now;
  setText(find(".signal-words"), signalWords(now));
  const channel = typeof mood?.channel === "string" ? mood.channel : "";
  setText(find(".channel"), channel.length > LONGEST_NAME ? `${channel.slice(0, LONGEST_NAME)}…` : channel);
  crowd.tell(now === "live" ? mood : null, signal === "live" ? mood : null);
  calm.tell(now, now === "live" ? mood.top : null);
  self.tell(signal === "live" ? mood : null);
  // Each mood once: told again, it would undo on the page what was switched since.
  if (signal !== "live" || mood === null || mood === followed) return;
  followed = mood;
  controls.follow(mood);
});

/** @param {string} now */
function signalWords(now) {
  const counted = now === "gathering" && !calm.isOn;
  const said = counted ? words.gathering(mood.viewers ?? 0, mood.minimum_viewers ?? 0) : phrases.signal[now] ?? phrases.resting;
  return said + (signal === "live" && mood?.overlay === false ? ` · ${phrases.hidden}` : "");
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
  self.remember(mood, time);
}

async function recall() {
  const told = await ask(`/api/history?seconds=${SECONDS}`);
  if (!Array.isArray(told?.rows)) return;
  const past = told.rows.filter((row) => Number.isFinite(row?.time));
  river.recall(past.map(({ time, shares }) => ({ time, shares: isShares(shares) ? shares : null })));
  if (Array.isArray(told.resonance)) self.recall(told.resonance);
  drawRiver();
  tell.soon();
}

/** @param {Record<string, string>} told */
function showLinks(told) {
  links.show(told);
  builder.show(told);
  access.look();
}

async function lookAtLinks() {
  const told = await ask("/api/links");
  if (told !== null) showLinks(told);
}

/** @param {boolean} isLocked */
function lock(isLocked) {
  find(".locked").hidden = !isLocked;
  find("main").hidden = isLocked;
  for (const each of [".signal", ".pause", ".show-overlay", ".calm-button", "footer"]) find(each).hidden = isLocked;
  if (isLocked) find("#key").focus();
}

find(".unlock").addEventListener("submit", async (event) => {
  event.preventDefault();
  const isIn = await showKey(find("#key").value);
  find("#key").value = "";
  setText(find(".unlock-said"), isIn ? "" : isIn === null ? captions.notthere : captions.wrong);
  if (isIn) location.reload();
});

const feed = new Feed({
  mood(next) {
    mood = next;
    remember(next.time);
    tell.soon();
  },
  tiles: (_tiles, frame) => tiles.tell(frame),
  beat: ({ time }) => remember(time),
  locked: lock,
  signal(next) {
    signal = next;
    tell.now();
    if (next !== "live") tiles.tell(null);
    if (next !== "live") return;
    recall();
    lookAtLinks();
    controls.look();
    lookAtHealth();
    access.look();
    lookAtTwitch();
    obs.look();
  },
});

find(".calm-button").addEventListener("click", () => tell.now());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  feed.wake();
  tell.now();
  drawRiver();
});
window.addEventListener("resize", drawRiver);
setInterval(drawRiver, 1000);
tell.now();
drawRiver();
