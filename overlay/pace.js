/**
 * Does `work` at most once every `interval` milliseconds: at once when it has rested, else as soon as it may.
 *
 * @param {number} interval
 * @param {() => void} work
 * @returns {{soon: () => void, now: () => void}} `now` does not wait, for what must not be late.
 */
export function paced(interval, work) {
  let last = -Infinity;
  let timer = 0;
  const now = () => {
    clearTimeout(timer);
    timer = 0;
    last = performance.now();
    work();
  };
  const soon = () => {
    if (timer) return;
    const wait = last + interval - performance.now();
    if (wait <= 0) now();
    else timer = setTimeout(now, wait);
  };
  return { soon, now };
}
