/** The dashboard's keys, each with a button that makes it anew. It is asked twice, since something stops working. */

import { tell } from "./ask.js";
import { element, setText } from "./dom.js";

const KEYS = [
  ["overlay", "overlaykey", "overlaywhat"],
  ["streamer", "streamerkey", "streamerwhat"],
  ["join", "joinkey", "joinwhat"],
];

/**
 * @param {HTMLElement} panel The section with a `.keys` list and a `.keys-said` in it.
 * @param {Record<string, string>} captions
 * @param {(links: Record<string, string>) => void} renewed Told the new addresses.
 */
export function offerKeys(panel, captions, renewed) {
  const said = panel.querySelector(".keys-said");
  const button = (word, name) => {
    const made = Object.assign(element("button", "", captions[word]), { type: "button" });
    made.setAttribute("aria-label", `${captions[word]}: ${captions[name]}`);
    return made;
  };

  function row([key, name, what]) {
    const ask = button("renew", name);
    const [yes, no] = [button("yes", name), button("no", name)];
    yes.classList.add("grave");
    const sure = element("p", "sure", element("span", "", captions.sure), " ", yes, " ", no);
    sure.hidden = true;
    const turn = (isAsking) => {
      sure.hidden = !isAsking;
      ask.hidden = isAsking;
      (isAsking ? no : ask).focus();
    };
    ask.addEventListener("click", () => turn(true));
    no.addEventListener("click", () => turn(false));
    sure.addEventListener("keydown", (event) => {
      if (event.key === "Escape") turn(false);
    });
    yes.addEventListener("click", async () => {
      turn(false);
      setText(said, "…");
      const { told, fault } = await tell("/api/keys", { renew: key }, captions.notthere);
      setText(said, fault || captions.renewed);
      if (told !== null) renewed(told);
    });
    return element("li", "", element("div", "", element("strong", "", captions[name]), element("p", "note", captions[what])), ask, sure);
  }

  panel.querySelector(".keys").replaceChildren(...KEYS.map(row));
}
