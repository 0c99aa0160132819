/**
 * A service worker: what OBS refreshes while the bot is away comes from what was kept, and waits for the bot there.
 *
 * Without it a refreshed source would stay blank until somebody refreshes it again. The bot's own files go first, always.
 */

const STORE = "overlay";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("fetch", (event) => {
  // Only the overlay's own files are kept; what it asks of the bot is none of this worker's business.
  const isOwn = event.request.url.startsWith(self.registration.scope);
  if (isOwn && event.request.method === "GET") event.respondWith(fresh(event.request));
});

/** @param {Request} request */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { cacheName: STORE, ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
