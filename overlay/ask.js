/** Asking the bot. What can't be answered is null: the feed says that the bot is away, and all is asked again. */

/** @param {string} path @returns {Promise<any>} */
export async function ask(path) {
  try {
    const answer = await fetch(path);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * Asks for something to be done.
 *
 * @param {string} path
 * @param {object} wanted
 * @param {string} notThere What to say when nobody answers.
 * @returns {Promise<{told: any, fault: string}>} `fault` is empty where it was done.
 */
export async function tell(path, wanted, notThere) {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(wanted) });
    if (answer.ok) return { told: await answer.json(), fault: "" };
    const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    return { told: null, fault: isJson ? String((await answer.json()).said) : await answer.text() };
  } catch {
    return { told: null, fault: notThere };
  }
}

/**
 * Looks again and again while somebody looks at the page and the bot is there.
 *
 * @param {number} period In milliseconds.
 * @param {() => boolean} isThere
 * @param {() => Promise<void>} look
 * @returns {() => void} Looks now.
 */
export function watch(period, isThere, look) {
  const now = () => {
    if (!document.hidden && isThere()) look();
  };
  setInterval(now, period);
  document.addEventListener("visibilitychange", now);
  return now;
}
