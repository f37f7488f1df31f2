// Attention of trained translators, which write a word backwards: any word, every head, any letter hidden.

import { choice, element, slider } from "./elements.js";
import { unpack } from "./tensors.js";
import { LETTERS, MASKS, START, additive, lettersOf, transformer } from "./translators.js";
import { weightScale, weightTable } from "./weight_tables.js";

const HEADS = 4;
const LONGEST = 20; // letters; the models have seen no longer words
const KINDS = {
  "encoder, self": { weights: "source", asks: "source", asked: "source" },
  "decoder, masked self": { weights: "written", asks: "read", asked: "read" },
  "decoder, cross": { weights: "cross", asks: "read", asked: "source" },
};
const ADDITIVE = "additive (Bahdanau)";
const spell = (letters) => letters.map((letter) => (letter === START ? "^" : LETTERS[letter]));

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the tensors of both models, `transformer` and `additive`. `state` holds the `word`, the `kind` of
 * attention, the `temperature`, a `mask` (of `MASKS`; additive attention takes none), and the places of `hidden` letters.
 */
export function attentionExplorer(root, data, state) {
  const tensors = {
    transformer: unpack(data.transformer.shapes, data.transformer.numbers),
    additive: unpack(data.additive.shapes, data.additive.numbers),
  };
  const pointed = element("p", { className: "vx-text", role: "status" });
  const onPoint = (text) => (pointed.textContent = text || " ");
  const onHide = (place) => {
    const hidden = state.get("hidden");
    const others = hidden.filter((each) => each !== place);
    state.set({ hidden: others.length < hidden.length ? others : [...hidden, place] });
  };
  const tables = Array.from({ length: HEADS }, (_, head) => weightTable(`head ${head + 1}`, { onPoint, onHide }));
  const single = weightTable("one head", { onPoint, onHide });
  const written = element("p", { className: "vx-text" });
  const panels = element("div", { className: "vx-panels" });
  root.append(written, panels, pointed, weightScale());

  function draw() {
    const source = lettersOf(state.get("word")).slice(0, LONGEST);
    const options = { temperature: state.get("temperature"), hidden: state.get("hidden").filter((j) => j < source.length) };
    if (!source.length || options.hidden.length === source.length) {
      written.textContent = source.length ? "Every letter is hidden: leave one to be seen." : "Type a word of the letters a to z.";
      panels.replaceChildren();
      return;
    }
    if (state.get("kind") === ADDITIVE) {
      const found = additive(tensors.additive, source, options);
      say(source, found.written);
      single.show(found.weights, found.written.map((letter) => `writes ${LETTERS[letter]}`), spell(source), options.hidden);
      panels.replaceChildren(single.root);
    } else {
      const found = transformer(tensors.transformer, source, { ...options, heads: HEADS, mask: state.get("mask") });
      const { weights, asks, asked } = KINDS[state.get("kind")];
      const named = { source: spell(source), read: spell([START, ...found.written.slice(0, -1)]) };
      say(source, found.written);
      const hidden = asked === "source" ? options.hidden : [];
      tables.forEach((table, head) => table.show(found.attention[weights][head], named[asks], named[asked], hidden));
      panels.replaceChildren(...tables.map((table) => table.root));
    }
  }

  function say(source, letters) {
    const [from, to] = [spell(source).join(""), spell(letters).join("")];
    const right = letters.filter((letter, i) => letter === source[source.length - 1 - i]).length;
    written.textContent = `${from} → ${to}  (${right} of ${source.length} letters right)`;
  }

  const forget = state.on(draw);
  draw();
  return forget;
}

/** Return controls for the explorer's state. */
export function attentionControls(_, state) {
  const input = element("input", { id: "vx-word", type: "text", maxLength: 40, value: state.get("word"), spellcheck: false });
  input.addEventListener("input", () => state.set({ word: input.value, hidden: [] }));
  const word = element("div", { className: "vx-slider" }, element("label", { htmlFor: "vx-word", textContent: "word" }), input);
  const kind = choice({
    name: "attention",
    options: [...Object.keys(KINDS), ADDITIVE],
    value: state.get("kind"),
    onChoose: (chosen) => state.set({ kind: chosen, hidden: [] }),
  });
  const temperature = slider({
    name: "temperature",
    low: -1,
    high: 1,
    step: 0.05,
    value: Math.log10(state.get("temperature")),
    format: (exponent) => (10 ** exponent).toFixed(2),
    onInput: (exponent) => state.set({ temperature: 10 ** exponent }),
  });
  const mask = choice({
    name: "mask",
    options: Object.keys(MASKS),
    value: state.get("mask"),
    onChoose: (chosen) => state.set({ mask: chosen }),
  });
  return element("div", { className: "vx-controls" }, word, kind.root, temperature.root, mask.root);
}
