/** What the page carries is packed: gzip in base64, in a script element that the browser doesn't run. */

/**
 * @param {string} id
 * @returns {Promise<string>}
 */
export async function unpacked(id) {
  const letters = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/**
 * Runs a packed library. The page's policy allows exactly this text, by its hash.
 *
 * @param {string} id
 */
export async function runPacked(id) {
  const script = document.createElement("script");
  script.textContent = await unpacked(id);
  document.head.append(script);
}
