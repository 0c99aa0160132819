/** Keeps this page's own files, so that it comes up again also while the bot is away; see keep.js. */

const STORE = "overlay";

/** Where a page has no such store (an address without TLS in the house), it goes without. */
export async function keepFiles() {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  try {
    await navigator.serviceWorker.register("keep.js");
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    // The icon comes when the browser pleases, so it may not be among them yet.
    const linked = [...document.querySelectorAll("link[href]")].map(({ href }) => href);
    const folder = new URL(".", location.href).href;
    const own = [location.origin + location.pathname, ...loaded, ...linked].filter((name) => name.startsWith(folder));
    // They have just been loaded, so nothing is asked of the bot for them.
    const requests = [...new Set(own)].map((name) => new Request(name, { cache: "force-cache" }));
    await (await caches.open(STORE)).addAll(requests);
  } catch {
    // The bot went away in the middle, or the disk is full: the next load tries again.
  }
}
