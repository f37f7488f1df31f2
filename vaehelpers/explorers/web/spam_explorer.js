// A box to type a mail into, and what the trained filter says of it.

import { element, oncePerPicture } from "./elements.js";
import { chanceOfSpam, placesOf, tokensOf } from "./spam.js";
import { unpack } from "./tensors.js";

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the filter's tensors (`shapes`, `numbers`), its `words`, `heads` and `layers`, and the `threshold` above
 * which a mail is put away. `state` holds the `text`.
 */
export function spamExplorer(root, data, state) {
  const p = unpack(data.shapes, data.numbers);
  const known = new Set(data.words);
  const box = element("textarea", { id: "vx-mail", rows: 4, value: state.get("text"), spellcheck: false });
  box.addEventListener("input", () => state.set({ text: box.value }));
  const verdict = element("p", { className: "vx-text", role: "status" });
  const bar = element("div", { className: "vx-chance" }, element("i"));
  const unknown = element("p", { className: "vx-text" });
  root.append(element("label", { htmlFor: "vx-mail", textContent: "a mail" }), box, bar, verdict, unknown);

  function draw() {
    const tokens = tokensOf(state.get("text"));
    bar.hidden = tokens.length === 0;
    if (!tokens.length) {
      verdict.textContent = "Nothing to judge: type a word.";
      unknown.textContent = "";
      return;
    }
    const chance = chanceOfSpam(p, placesOf(tokens, data.words), data);
    bar.firstChild.style.width = `${100 * chance}%`;
    const decision = chance > data.threshold ? "spam: put away" : "kept";
    verdict.textContent = `p(spam) = ${chance.toFixed(3)}, threshold ${data.threshold.toFixed(3)}: ${decision}`;
    const missing = [...new Set(tokens.filter((token) => !known.has(token) && !/^\p{Nd}+$/u.test(token)))];
    unknown.textContent = missing.length ? `not in its vocabulary: ${missing.join(", ")}` : "";
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(pictures.schedule);
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}
