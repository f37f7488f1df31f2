// A box to type a mail into, and what the trained filter says of it.

import { element, oncePerPicture } from "./elements.js";
import { chanceOfSpam, judge, placesOf, tokensOf, wordsOf } from "./spam.js";
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
  const limit = element("b", { title: "the threshold" });
  limit.style.left = `${100 * data.threshold}%`;
  const filled = element("i");
  const bar = element("div", { className: "vx-chance" }, filled, limit);
  const missing = element("p", { className: "vx-text" });
  root.append(element("label", { htmlFor: "vx-mail", textContent: "a mail" }), box, bar, verdict, missing);

  function draw() {
    const tokens = tokensOf(state.get("text"));
    bar.hidden = true;
    verdict.textContent = judge(state.get("text"), known, data.threshold, () => {
      const chance = chanceOfSpam(p, placesOf(tokens, data.words), data);
      filled.style.width = `${100 * chance}%`;
      bar.hidden = false;
      return chance;
    });
    const unknown = [...new Set(wordsOf(tokens, known).unknown)];
    missing.textContent = !bar.hidden && unknown.length ? `Not in the training mails: ${unknown.join(", ")}` : "";
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(pictures.schedule);
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}
