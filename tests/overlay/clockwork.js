/**
 * A clock that only a test turns, put in before the page's own scripts run: half an hour passes in seconds, and nothing
 * on the page happens while a picture is taken.
 *
 * `forward(milliseconds)` lets time pass. `pace.milliseconds` passes before each mood that comes over a socket, so that
 * a whole story can be sent at once. The root's `data-heard` is the time in the last mood or beat that the page was told,
 * `data-lost` the number of its sockets that have closed.
 */

(() => {
  const begun = Date.UTC(2026, 10, 21, 20);
  const timers = new Map();
  let now = 0;
  let last = 0;

  const set = (work, wait, every) => {
    last += 1;
    timers.set(last, { at: now + Math.max(1, Number(wait) || 0), work, every });
    return last;
  };
  const clear = (id) => void timers.delete(id);

  window.setTimeout = (work, wait, ...rest) => set(() => work(...rest), wait, 0);
  window.setInterval = (work, wait, ...rest) => set(() => work(...rest), wait, Math.max(1, Number(wait) || 0));
  window.requestAnimationFrame = (work) => set(() => work(now), 16, 0);
  window.clearTimeout = window.clearInterval = window.cancelAnimationFrame = clear;
  performance.now = () => now;
  const RealDate = Date;
  window.Date = class extends RealDate {
    constructor(...parts) {
      super(...(parts.length ? parts : [begun + now]));
    }
    static now() {
      return begun + now;
    }
  };

  const due = (end) => [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
  window.forward = (milliseconds) => {
    const end = now + milliseconds;
    for (let next = due(end); next !== undefined; next = due(end)) {
      const [id, timer] = next;
      now = Math.max(now, timer.at);
      if (timer.every) timer.at = now + timer.every;
      else timers.delete(id);
      timer.work();
    }
    now = end;
  };

  window.pace = { milliseconds: 0 };
  let lost = 0;
  const RealSocket = WebSocket;
  window.WebSocket = class extends RealSocket {
    constructor(...parts) {
      super(...parts);
      this.addEventListener("message", ({ data }) => {
        const { type, time } = JSON.parse(data);
        if (type === "mood") window.forward(window.pace.milliseconds);
        if (time !== undefined) document.documentElement.dataset.heard = time;
      });
      this.addEventListener("close", () => {
        lost += 1;
        document.documentElement.dataset.lost = lost;
      });
    }
  };
})();
