/**
 * This page's leave to ask the bot. The key comes in the address's fragment, which no browser sends; the page shows it once
 * and gets a cookie that no script can read. From then on the address bar holds no key.
 */

const KEY = /^#(?:.*&)?key=([\w-]{1,200})(?:&|$)/;
const SESSION = "/api/session";
const AGAIN = 1500;

/** Whether the bot lets this page in. Pending for as long as the bot is away. @type {Promise<boolean>} */
export const ready = enter();

/** Whether it still does; null when the bot doesn't answer. @returns {Promise<boolean|null>} */
export function stillIn() {
  return ask({ cache: "no-store" });
}

/** Shows a key, or the address that holds one. @param {string} text @returns {Promise<boolean|null>} */
export function show(text) {
  const key = KEY.exec(text.slice(text.indexOf("#")))?.[1] ?? text.trim();
  const headers = { "Content-Type": "application/json" };
  return ask({ method: "POST", headers, body: JSON.stringify({ key }) });
}

async function enter() {
  const key = KEY.exec(location.hash)?.[1];
  for (;;) {
    // A browser that was let in before has its cookie, whatever has become of the key in an old bookmark.
    const isIn = ((key !== undefined && (await show(key))) || (await stillIn()));
    if (isIn !== null) {
      if (isIn && key !== undefined) history.replaceState(null, "", location.pathname + location.search);
      return isIn;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

/** @param {RequestInit} options */
async function ask(options) {
  try {
    const { ok, status } = await fetch(SESSION, options);
    if (ok) return true;
    // Too many wrong keys, or a bot that is just ending: neither is an answer.
    return status === 429 || status >= 500 ? null : false;
  } catch {
    return null;
  }
}
