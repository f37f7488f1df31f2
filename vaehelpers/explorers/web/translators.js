// The three models of notebook 01 that write a word backwards: fixed vector, additive attention, Transformer.

import { affine, dot, plus, softmaxOf, weighted } from "./tensors.js";
import { decoderLayer, encoderLayer, part, positionalEncoding } from "./transformer.js";

export const LETTERS = "abcdefghijklmnopqrstuvwxyz";
export const START = LETTERS.length + 1; // after the letters and the filler

/** Return the letters a to z of a text, as indices; capitals count as small ones, other signs are left out. */
export function lettersOf(text) {
  return Array.from(text.toLowerCase(), (sign) => LETTERS.indexOf(sign)).filter((index) => index >= 0);
}

/** What a mask lets query i see of key j. */
export const MASKS = {
  none: () => true,
  "past and present": (i, j) => j <= i,
  "two nearest on each side": (i, j) => Math.abs(j - i) <= 2,
};

/**
 * Return `{written, attention}` of a Transformer for a source: the letters that it writes, and of its three kinds of
 * attention, `{source, written, cross}`, the `scores` and `weights`, each `[heads][n][n]`.
 *
 * `hidden` names source letters that nothing may look at, `mask` (of `MASKS`) hides more from all; `temperature` divides
 * all scores.
 */
export function transformer(p, source, { heads = 4, temperature = 1, hidden = [], mask = "none" } = {}) {
  const sees = (i, j) => MASKS[mask](i, j) && !hidden.includes(j);
  const options = { heads, temperature, sees, mask: MASKS[mask] };
  const memory = encoderLayer(inputs(p, source), part(p, "encoder"), options);
  const write = (previous) => decoderLayer(inputs(p, previous), memory.rows, part(p, "decoder"), options);
  const previous = [START];
  const written = [];
  for (let step = 0; step < source.length; step++) {
    const rows = write(previous).rows;
    written.push(likeliest(affine(rows[step], p["output.weight"], p["output.bias"])));
    previous.push(written[step]);
  }
  const last = write(previous.slice(0, source.length));
  return { written, attention: { source: memory.own, written: last.own, cross: last.cross } };
}

/** Return embeddings plus positions of letters. */
function inputs(p, letters) {
  return letters.map((letter, place) => {
    const embedded = p["embed.weight"][letter];
    return plus(embedded, positionalEncoding(place, embedded.length));
  });
}

/** Return `{written, scores, weights}` of the model with additive attention, the last two `[step][source letter]`. */
export function additive(p, source, { temperature = 1, hidden = [] } = {}) {
  const embedded = source.map((letter) => p["embed.weight"][letter]);
  const forwards = run(embedded, part(p, "encoder"), "_l0");
  const backwards = run([...embedded].reverse(), part(p, "encoder"), "_l0_reverse").reverse();
  const annotations = forwards.map((row, j) => [...row, ...backwards[j]]);
  const last = [...forwards.at(-1), ...backwards[0]];
  let state = affine(last, p["first_state.weight"], p["first_state.bias"]).map(Math.tanh);
  let letter = START;
  const [written, scores, weights] = [[], [], []];
  for (let step = 0; step < source.length; step++) {
    const ofStep = scoresOf(p, state, annotations).map((score) => score / temperature);
    scores.push(ofStep.map((score, j) => (hidden.includes(j) ? -Infinity : score)));
    weights.push(softmaxOf(scores[step]));
    const context = weighted(weights[step], annotations);
    const before = p["embed.weight"][letter];
    state = gru([...before, ...context], state, part(p, "decoder"), "");
    letter = likeliest(affine([...before, ...state], p["output.weight"], p["output.bias"]));
    written.push(letter);
  }
  return { written, scores, weights };
}

/** Score each annotation for a state: v tanh(W s + U h) (Bahdanau et al. 2015). */
function scoresOf(p, state, annotations) {
  const asked = affine(state, p["from_state.weight"]);
  return annotations.map((h) => {
    const hidden = plus(asked, affine(h, p["from_annotation.weight"], p["from_annotation.bias"])).map(Math.tanh);
    return dot(p["score.weight"][0], hidden);
  });
}

/** Run a GRU over rows from a state of zeros; return its state after each. */
function run(rows, p, suffix) {
  let state = new Array(p[`weight_hh${suffix}`][0].length).fill(0);
  return rows.map((row) => (state = gru(row, state, p, suffix)));
}

/** One step of a gated recurrent unit, as PyTorch defines it. */
function gru(x, state, p, suffix) {
  const size = state.length;
  const fromInput = affine(x, p[`weight_ih${suffix}`], p[`bias_ih${suffix}`]);
  const fromState = affine(state, p[`weight_hh${suffix}`], p[`bias_hh${suffix}`]);
  const sigmoid = (value) => 1 / (1 + Math.exp(-value));
  return state.map((old, i) => {
    const reset = sigmoid(fromInput[i] + fromState[i]);
    const keep = sigmoid(fromInput[size + i] + fromState[size + i]);
    const candidate = Math.tanh(fromInput[2 * size + i] + reset * fromState[2 * size + i]);
    return (1 - keep) * candidate + keep * old;
  });
}

const likeliest = (logits) => logits.indexOf(Math.max(...logits));
