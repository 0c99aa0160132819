/**
 * The connection to the bot: a WebSocket that is watched, and opened again for as long as the page lives.
 *
 * Browsers neither send pings nor notice a peer that went silent, so the bot's beats are the proof of life.
 */

import { showLocked } from "./locked.js";
import { readFrame } from "./mood.js";
import { ready, stillIn } from "./session.js";

/** The bot beats every 2 s; two missed beats and half a one mean that nobody is there. */
const SILENCE = 5000;
/** A closed socket is often back within a moment; only after this long is the picture called stale. */
const GRACE = 2000;
const FIRST_RETRY = 250;
/** Short, because the bot is on this machine or in this house and a streamer is looking at a blank plate. */
const LONGEST_RETRY = 3000;

/** @typedef {"connecting"|"live"|"stale"} Signal `connecting` until the first mood ever. */

/**
 * @typedef {object} Listener
 * @property {(mood: import("./mood.js").Mood) => void} mood
 * @property {(signal: Signal) => void} signal Called when the signal changes.
 * @property {(beat: import("./mood.js").Beat) => void} [beat]
 * @property {(tiles: import("./mood.js").Tile[], frame: import("./mood.js").Tiles) => void} [tiles]
 * @property {(isLocked: boolean) => void} [locked] Called when the bot wants a key that this page hasn't, and when it has it.
 */

export class Feed {
  /** @type {WebSocket|null} */ #socket = null;
  /** @type {Signal} */ #signal = "connecting";
  #attempts = 0;
  #heardAt = 0;
  #begun = false;
  #locked = false;
  /** Whether this socket has told the whole mood: a beat alone must not bring an old picture back to life. */
  #told = false;
  #retryTimer = 0;
  #graceTimer = 0;
  #watchTimer = 0;

  /**
   * @param {Listener} listener
   * @param {string} [path]
   */
  constructor(listener, path = "/live") {
    this.listener = listener;
    this.url = new URL(path, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.url.hash = "";
    this.#begin();
  }

  async #begin() {
    // A browser is told nothing of why a socket was refused, so the key is seen to first.
    this.#lock(!(await ready));
    window.addEventListener("online", () => this.wake());
    this.#connect();
    this.#begun = true;
  }

  /** Looks at once instead of at the next retry: timers are throttled while a page is hidden. */
  wake() {
    if (!this.#begun) return;
    if (this.#socket === null) this.#connect();
    else this.#watch();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#told = false;
    this.#heardAt = performance.now();
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#hear(event.data);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#drop();
    };
    this.#watch();
  }

  /** @param {unknown} text */
  #hear(text) {
    const frame = readFrame(text);
    if (frame === null) return;
    this.#heardAt = performance.now();
    if (frame.type === "beat") {
      if (this.#told) this.listener.beat?.(frame);
      return;
    }
    if (frame.type === "tiles") {
      this.listener.tiles?.(frame.tiles, frame);
      return;
    }
    this.#told = true;
    this.#lock(false);
    this.#attempts = 0;
    clearTimeout(this.#graceTimer);
    this.#graceTimer = 0;
    this.listener.mood(frame);
    this.#tell("live");
  }

  /** One lazy timer instead of one per frame. */
  #watch() {
    clearTimeout(this.#watchTimer);
    const left = this.#heardAt + SILENCE - performance.now();
    if (left > 0) {
      this.#watchTimer = setTimeout(() => this.#watch(), left);
      return;
    }
    // A half-open connection can take minutes to close politely, so it is left behind instead.
    const silent = this.#socket;
    this.#drop();
    this.#spoil();
    silent?.close();
  }

  #drop() {
    this.#socket = null;
    // One that told nothing may have been refused for its key.
    if (!this.#told) this.#ask();
    clearTimeout(this.#watchTimer);
    if (!this.#graceTimer) this.#graceTimer = setTimeout(() => this.#spoil(), GRACE);
    const longest = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#attempts);
    this.#attempts += 1;
    // Jitter keeps many pages from knocking on a fresh bot's door in step.
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), longest * (0.5 + Math.random() / 2));
  }

  async #ask() {
    const isIn = await stillIn();
    if (isIn !== null && !this.#told) this.#lock(!isIn);
  }

  /** @param {boolean} isLocked */
  #lock(isLocked) {
    if (isLocked === this.#locked) return;
    this.#locked = isLocked;
    (this.listener.locked ?? showLocked)(isLocked);
  }

  /** What is on the screen is old now. A page that never had anything to show is still connecting. */
  #spoil() {
    if (this.#signal === "live") this.#tell("stale");
  }

  /** @param {Signal} signal */
  #tell(signal) {
    if (signal === this.#signal) return;
    this.#signal = signal;
    this.listener.signal(signal);
  }
}
