/** Waits for the bot. A classic script, since browsers load no modules from the disk: see start.html. */

const query = new URLSearchParams(location.search);
const port = /^\d{1,5}$/.test(query.get("port") ?? "") ? query.get("port") : "8765";
const host = /^([\w.-]+|\[[\da-f:.]+\])$/i.test(query.get("host") ?? "") ? query.get("host") : "127.0.0.1";
for (const name of ["host", "port"]) query.delete(name);
const bot = `http://${host}:${port}`;

async function look() {
  // What takes a call and never answers it is no bot; it may be one a moment later.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 4000);
  try {
    // No-cors tells only whether somebody answers, which is all that is asked.
    await fetch(`${bot}/healthz`, { mode: "no-cors", cache: "no-store", signal: patience.signal });
    // The key stands in the fragment, and stays there.
    location.replace(`${bot}/overlay/?${query}${location.hash}`);
  } catch {
    setTimeout(look, 1500);
  } finally {
    clearTimeout(timer);
  }
}
look();
