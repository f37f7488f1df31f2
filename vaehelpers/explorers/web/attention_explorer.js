// Attention of trained translators, which write a word backwards: any word, every head, any letter hidden.

import { choice, element, slider } from "./elements.js";
import { unpack } from "./tensors.js";
import { LETTERS, MASKS, START, additive, lettersOf, transformer } from "./translators.js";
import { weightScale, weightTable } from "./weight_tables.js";

const HEADS = 4;
const LONGEST = 20; // letters; the models have seen no longer words
const KINDS = {
  "encoder, self": { kind: "source", asks: "source", asked: "source" },
  "decoder, masked self": { kind: "written", asks: "read", asked: "read" },
  "decoder, cross": { kind: "cross", asks: "read", asked: "source" },
};
const ADDITIVE = "additive (Bahdanau)";
const SHOWN = ["weights", "scores"];
const spell = (letters) => letters.map((letter) => (letter === START ? "^" : LETTERS[letter]));

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the tensors of both models, `transformer` and `additive`. `state` holds the `word`, the `kind` of
 * attention, the `temperature`, a `mask` (of `MASKS`; additive attention takes none), the places of `hidden` letters, and
 * whether "weights" or "scores" are `shown`.
 */
export function attentionExplorer(root, data, state) {
  const tensors = {
    transformer: unpack(data.transformer.shapes, data.transformer.numbers),
    additive: unpack(data.additive.shapes, data.additive.numbers),
  };
  const pointed = element("p", { className: "vx-text", role: "status" });
  const onPoint = (text) => (pointed.textContent = text || "Point to a cell for its numbers; click a letter above a table to hide it.");
  const onHide = (place) => {
    const hidden = state.get("hidden");
    const others = hidden.filter((each) => each !== place);
    state.set({ hidden: others.length < hidden.length ? others : [...hidden, place] });
  };
  const tables = Array.from({ length: HEADS }, (_, head) => weightTable(`head ${head + 1}`, { onPoint, onHide }));
  const single = weightTable("one head; a row for each letter that is written", { onPoint, onHide });
  const written = element("p", { className: "vx-text" });
  const panels = element("div", { className: "vx-panels vx-tables" });
  const scale = weightScale();
  root.append(written, panels, pointed, scale.root);

  function draw() {
    const shown = state.get("shown");
    scale.show(shown);
    onPoint("");
    const source = lettersOf(state.get("word")).slice(0, LONGEST);
    const options = { temperature: state.get("temperature"), hidden: state.get("hidden").filter((j) => j < source.length) };
    if (!source.length || options.hidden.length === source.length) {
      written.textContent = source.length ? "Every letter is hidden: leave one to be seen." : "Type a word of the letters a to z.";
      panels.replaceChildren();
      return;
    }
    panels.style.setProperty("--columns", source.length + 1);
    if (state.get("kind") === ADDITIVE) {
      const found = additive(tensors.additive, source, options);
      say(source, found.written, state.get("mask") === "none" ? "" : "Additive attention takes no mask.");
      single.show(found, shown, spell(found.written), spell(source), { hidden: options.hidden, asks: "writing " });
      panels.replaceChildren(single.root);
    } else {
      const found = transformer(tensors.transformer, source, { ...options, heads: HEADS, mask: state.get("mask") });
      const { kind, asks, asked } = KINDS[state.get("kind")];
      const named = { source: spell(source), read: spell([START, ...found.written.slice(0, -1)]) };
      say(source, found.written);
      const hidden = asked === "source" ? options.hidden : [];
      const { scores, weights } = found.attention[kind];
      const ofHead = (head) => ({ scores: scores[head], weights: weights[head] });
      tables.forEach((table, head) => table.show(ofHead(head), shown, named[asks], named[asked], { hidden }));
      panels.replaceChildren(...tables.map((table) => table.root));
    }
  }

  function say(source, letters, note = "") {
    const [from, to] = [spell(source).join(""), spell(letters).join("")];
    const right = letters.filter((letter, i) => letter === source[source.length - 1 - i]).length;
    const typed = Array.from(state.get("word").trim()).length;
    const left = typed > source.length ? `Read are the letters a to z, the first ${LONGEST} of them.` : "";
    written.textContent = [`${from} → ${to} (${right} of ${source.length} letters right).`, left, note].filter(Boolean).join(" ");
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
  const shown = choice({
    name: "show",
    options: SHOWN,
    value: state.get("shown"),
    onChoose: (chosen) => state.set({ shown: chosen }),
  });
  const allow = () => mask.allow(state.get("kind") !== ADDITIVE);
  state.on(allow);
  allow();
  return element("div", { className: "vx-controls" }, word, kind.root, temperature.root, mask.root, shown.root);
}
