/**
 * The OBS browser source: feed in, plate out.
 *
 * `document.documentElement.dataset.state` says what the plate shows: "connecting" until the first mood, "live",
 * "gathering" while too few viewers share, "resting" while a moderator lets the mood rest, "stale" when what is shown is
 * no longer the truth. `dataset.overlay` is "off" while a moderator has hidden it.
 */

import { Bars } from "./bars.js";
import { Feed } from "./feed.js";
import { Head } from "./head.js";
import { keepFiles } from "./kept.js";
import { paced } from "./pace.js";
import { Said } from "./said.js";
import { readSettings } from "./settings.js";
import { watchSight } from "./sight.js";
import { wordsOf } from "./words.js";

/** Not above three changes to and fro in a second, whatever the feed does: WCAG 2.3.1, three flashes. */
const MOVE_EVERY = 170;
/** Numbers that change faster than this cannot be read. */
const COUNT_EVERY = 250;
/** The leading face is the largest thing on the plate; it may not flicker between two that are level. */
const LEAD_EVERY = 1000;

const root = document.documentElement;
const settings = readSettings(location.search);
const words = wordsOf(settings.lang);

root.lang = settings.lang;
for (const name of ["theme", "position", "motion"]) root.dataset[name] = settings[name];
root.style.setProperty("--scale", String(settings.scale));
root.style.setProperty("--rows", String(settings.show.length));

const bars = new Bars(document.querySelector(".bars"), settings.show, words);
const head = new Head(document, words);
const said = new Said(document.querySelector(".plate"));

/** @type {import("./mood.js").Mood|null} */
let mood = null;
/** @type {import("./feed.js").Signal} */
let signal = "connecting";

function state() {
  if (signal === "stale") return "stale";
  if (mood === null) return "connecting";
  if (mood.paused === true) return "resting";
  return mood.enough ? "live" : "gathering";
}

const move = paced(MOVE_EVERY, () => {
  if (!sight.seen()) return;
  const now = state();
  bars.move(mood);
  const shown = mood?.overlay === false ? "off" : "on";
  if (root.dataset.overlay !== shown) root.dataset.overlay = shown;
  if (root.dataset.state === now) return;
  root.dataset.state = now;
  count.now();
  lead.now();
});

const count = paced(COUNT_EVERY, () => {
  if (!sight.seen()) return;
  bars.count(state() === "stale" ? null : mood);
  head.count(state(), mood);
});

const lead = paced(LEAD_EVERY, () => {
  if (!sight.seen()) return;
  head.tell(state(), mood);
  bars.lead(state() === "live" ? mood.top : null);
  said.tell(signal === "live" ? mood?.said ?? null : null);
});

function paintAll() {
  for (const each of [move, count, lead]) each.now();
}

const sight = watchSight(() => {
  feed.wake();
  // Nobody saw the way from then to now, so nothing slides: the first frame is already the truth.
  root.dataset.snap = "";
  paintAll();
  root.getBoundingClientRect();
  delete root.dataset.snap;
});

const feed = new Feed({
  mood(next) {
    mood = next;
    move.soon();
    count.soon();
    lead.soon();
  },
  signal(next) {
    signal = next;
    paintAll();
  },
});

paintAll();

window.addEventListener("load", keepFiles);
