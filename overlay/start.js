/** Waits for the bot. A classic script, since browsers load no modules from the disk: see start.html. */

const query = new URLSearchParams(location.search);
const port = /^\d{1,5}$/.test(query.get("port") ?? "") ? query.get("port") : "8765";
query.delete("port");
const bot = `http://127.0.0.1:${port}`;

async function look() {
  try {
    // No-cors tells only whether somebody answers, which is all that is asked.
    await fetch(`${bot}/healthz`, { mode: "no-cors", cache: "no-store" });
    location.replace(`${bot}/overlay/?${query}`);
  } catch {
    setTimeout(look, 1500);
  }
}
look();
