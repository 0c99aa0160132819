/** Keeps this page's own files, so that it comes up again also while the bot is away; see keep.js. */

const STORE = "overlay";

/** Where a page has no such store (an address without TLS in the house), it goes without. */
export async function keepFiles() {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  try {
    await navigator.serviceWorker.register("keep.js");
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    const own = [location.origin + location.pathname, ...files].filter((name) => name.startsWith(new URL(".", location.href).href));
    await (await caches.open(STORE)).addAll([...new Set(own)]);
  } catch {
    // The bot went away in the middle, or the disk is full: the next load tries again.
  }
}
