/**
 * The OBS browser source: feed in, a theme on the screen. This is the core that all themes share: the connection, the
 * pace at which anything may change, sleep while hidden, delay, the states, the notice, and the line that is said.
 *
 * `document.documentElement.dataset.state` says what the plate shows: "connecting" until there are a theme and a first mood,
 * "live", "gathering" while too few viewers share, "resting" while a moderator lets the mood rest, "stale" when what is
 * shown is no longer the truth. `dataset.overlay` is "off" while a moderator has hidden it; `dataset.design` names the theme.
 */

import { Delay } from "./delay.js";
import { draw } from "./drawings.js";
import { Feed } from "./feed.js";
import { keepFiles } from "./kept.js";
import { paced } from "./pace.js";
import { Past } from "./past.js";
import { ResonancePart } from "./resonance.js";
import { Said } from "./said.js";
import { stillIn } from "./session.js";
import { DEFAULT_THEME, readSettings } from "./settings.js";
import { watchSight } from "./sight.js";
import { openTheme } from "./theme.js";
import { countingOf, movingOf, stateOf, tellingOf } from "./view.js";
import { softened, wordsOf } from "./words.js";

/** Not above three changes to and fro in a second, whatever the feed does: WCAG 2.3.1, three flashes. */
const MOVE_EVERY = 170;
/** Numbers that change faster than this cannot be read. */
const COUNT_EVERY = 250;
/** The leading face is the largest thing on the plate; it may not flicker between two that are level. */
const LEAD_EVERY = 1000;
/** Between two looks whether the bot is there again, for a page that came only in part. */
const RELOAD_AFTER = 2000;

const root = document.documentElement;
const settings = readSettings(location.search);
const words = softened(wordsOf(settings.lang), settings.soften);
const stillness = matchMedia("(prefers-reduced-motion: reduce)").matches;

root.lang = settings.lang;
// The plate's attribute is older than themes, and streamers' own style sheets know it by that name.
root.dataset.theme = settings.plate;
root.dataset.position = settings.position;
root.dataset.motion = stillness ? "reduced" : settings.motion;
root.style.setProperty("--scale", String(settings.scale));
root.style.setProperty("--rows", String(settings.show.length));
for (const emotion of settings.soften) root.style.setProperty(`--${emotion}`, "var(--soft)");

const plate = document.querySelector(".plate");
const stage = document.querySelector(".stage");
const said = new Said(plate);
document.querySelector(".notice").textContent = settings.notice ? words.notice : "";

/** A softened expression keeps its outline, by which it is told apart, and has calm features. @param {string} name */
const drawSoft = (name) => draw(name, settings.soften.includes(name) ? "neutral" : name);
const part = new ResonancePart(document.querySelector(".resonance"), words, drawSoft);

const past = new Past();
const held = { moods: new Delay(settings.delay), tiles: new Delay(settings.delay), timer: 0 };
/** @type {import("./mood.js").Mood|null} What is shown; what a moderator does is obeyed from `newest`, without delay. */
let mood = null;
/** @type {import("./mood.js").Mood|null} */
let newest = null;
let tiles = { shown: [], newest: [], more: 0 };
let now = null;
/** @type {import("./feed.js").Signal} */
let signal = "connecting";

/** @type {{update: (view: import("./view.js").View) => void, dispose: () => void}|null} */
let theme = null;
let counting = {};
let telling = {};

const state = () => stateOf(signal, mood);

const move = paced(MOVE_EVERY, () => {
  if (!sight.seen()) return;
  const shown = newest?.overlay === false ? "off" : "on";
  if (root.dataset.overlay !== shown) root.dataset.overlay = shown;
  // A plate without a theme shows nothing, so it is in no state yet.
  if (theme === null) return;
  const is = state();
  if (root.dataset.state !== is) {
    root.dataset.state = is;
    recount();
    retell();
  }
  const view = { ...movingOf(is, mood, settings), ...counting, ...telling, now, past: past.points, tiles: tilesShown(), more: tiles.more };
  part.update(view);
  perform(view);
});

const count = paced(COUNT_EVERY, () => {
  if (!sight.seen()) return;
  recount();
  moveSoon();
});

const lead = paced(LEAD_EVERY, () => {
  if (!sight.seen()) return;
  retell();
  // A line finds its place beside a plate that has its size.
  if (theme !== null) said.tell(signal === "live" ? newest?.said ?? null : null);
  moveSoon();
});

/** Once all that came together has been taken in, so that it is shown together. */
let asked = false;
function moveSoon() {
  if (asked) return;
  asked = true;
  queueMicrotask(() => {
    asked = false;
    move.soon();
  });
}

const recount = () => (counting = countingOf(state(), mood, settings, words));
const retell = () => (telling = tellingOf(state(), mood, settings, words, settings.delay > 0 && newest !== null));

/** @param {import("./view.js").View} view */
function perform(view) {
  try {
    theme.update(Object.freeze(view));
  } catch (error) {
    replace(root.dataset.design, error);
  }
}

function paintSoon() {
  count.soon();
  lead.soon();
  moveSoon();
}

function paintAll() {
  for (const each of [count, lead, move]) each.now();
}

/** @param {string} name */
async function enter(name) {
  const { show, soften: soft, apart, lang } = settings;
  const context = { words, show, soft, apart, lang, motion: root.dataset.motion, draw: drawSoft };
  theme = await openTheme(name, stage, context, location.search);
  paintAll();
}

/** A theme that fails leaves the stage to the one that cannot: a live show never has a blank plate. */
async function replace(name, error) {
  if (name === DEFAULT_THEME) throw error;
  console.warn(`LERA: the theme "${name}" does not work, so "${DEFAULT_THEME}" is shown.`, error);
  const broken = theme;
  theme = null;
  try {
    broken?.dispose();
  } catch (another) {
    console.warn(`LERA: the theme "${name}" does not end well either.`, another);
  }
  await enter(DEFAULT_THEME);
}

/** The bot went away while the page was loading. Once it is there again, a fresh page is whole. */
function comeBack(error) {
  console.warn("LERA: the page came only in part, and is loaded anew when the bot answers.", error);
  const look = async () => ((await stillIn()) === null ? setTimeout(look, RELOAD_AFTER) : location.reload());
  setTimeout(look, RELOAD_AFTER);
}

const sight = watchSight(() => {
  feed.wake();
  // Nobody saw the way from then to now, so nothing slides: the first frame is already the truth.
  root.dataset.snap = "";
  paintAll();
  root.getBoundingClientRect();
  delete root.dataset.snap;
});

/** Shows what is due, and comes back when the next is. */
function release() {
  clearTimeout(held.timer);
  const clock = performance.now() / 1000;
  const due = held.moods.take(clock);
  tiles.shown = held.tiles.take(clock) ?? tiles.shown;
  if (due !== null) {
    mood = due;
    remember(mood.time);
  }
  const waits = [held.moods.wait(clock), held.tiles.wait(clock)].filter((wait) => wait !== null);
  if (waits.length > 0) held.timer = setTimeout(release, 1000 * Math.min(...waits));
  paintSoon();
}

/** @param {number} time Also where nothing has changed: a line that goes on is no gap. */
function remember(time) {
  const { shares, intervals, parts } = movingOf(state(), signal === "stale" ? null : mood, settings);
  past.add({ time, shares, intervals, parts });
}

/** Whoever withdraws is gone at once, whatever the delay. */
function tilesShown() {
  if (signal !== "live") return [];
  return tiles.shown.flatMap((tile) => {
    const still = tiles.newest.find(({ seat }) => seat === tile.seat);
    return still ? [still.name === tile.name ? tile : { ...tile, name: still.name }] : [];
  });
}

const feed = new Feed({
  mood(next) {
    newest = Object.freeze(next);
    now = next.time - settings.delay;
    if (next.paused === true) {
      // A rest is at once, and what was held back is not shown after it.
      held.moods.clear();
      mood = newest;
    } else {
      held.moods.put(newest, performance.now() / 1000);
    }
    release();
  },
  tiles(next, { more = 0 }) {
    tiles.newest = next;
    tiles.more = more;
    held.tiles.put(next, performance.now() / 1000);
    release();
  },
  beat({ time }) {
    now = time - settings.delay;
    if (mood !== null) remember(now);
    moveSoon();
  },
  signal(next) {
    signal = next;
    if (now !== null) remember(now);
    paintAll();
  },
}, "/live?as=overlay");

paintAll();
const entered = enter(settings.theme)
  .catch((error) => replace(settings.theme, error))
  .catch(comeBack);

window.addEventListener("load", async () => {
  await entered;
  await keepFiles();
});
