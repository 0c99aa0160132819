/** Buttons that copy, on every address that a bot can have. */

const ENGLISH = { copied: "Copied.", not_copied: "Could not copy. The text is selected: press Ctrl+C." };

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} source An input, or any element whose text is to be copied.
 * @param {HTMLElement} status Told the outcome; a live region, so that it is also heard.
 * @param {{copied: string, not_copied: string}} words
 */
export function copies(button, source, status, words = ENGLISH) {
  button.addEventListener("click", async () => {
    status.textContent = "";
    const text = source instanceof HTMLInputElement ? source.value : source.textContent;
    const done = (await toClipboard(text)) || selected(source);
    status.textContent = done ? words.copied : words.not_copied;
  });
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard API on a plain http:// address in the house; the old command works there.
    return false;
  }
}

/** @param {HTMLElement} source */
function selected(source) {
  if (source instanceof HTMLInputElement) source.select();
  else getSelection()?.selectAllChildren(source);
  return document.execCommand("copy");
}
