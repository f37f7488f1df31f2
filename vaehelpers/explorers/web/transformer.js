// Attention and the layers of a Transformer (Vaswani et al. 2017), token by token, as PyTorch computes them.

import { affine, dot, plus, softmaxOf, weighted } from "./tensors.js";

/** Return the sinusoidal encoding of a place, `width` numbers (section 3.5). */
export function positionalEncoding(place, width) {
  return Array.from({ length: width }, (_, i) => {
    const angle = place * Math.exp(-Math.log(10000) * ((i - (i % 2)) / width));
    return i % 2 ? Math.cos(angle) : Math.sin(angle);
  });
}

/**
 * Return what attention writes for each token, its `scores` and its `weights`, both `[heads][queries][keys]`.
 *
 * The weights are the softmax of the scores; a score is -Infinity where a mask hides the key. `p` has PyTorch's tensors of a multi-head attention. `sees(i, j)` says whether query i may look at key j;
 * `temperature` divides the scores.
 */
export function attend(asking, memory, p, { heads, sees = () => true, temperature = 1 }) {
  const width = asking[0].length;
  const size = width / heads;
  const project = (rows, part) => {
    const weight = p.in_proj_weight.slice(part * width, (part + 1) * width);
    const bias = p.in_proj_bias.slice(part * width, (part + 1) * width);
    return rows.map((row) => affine(row, weight, bias));
  };
  const [queries, keys, values] = [project(asking, 0), project(memory, 1), project(memory, 2)];
  const scores = [];
  const weights = [];
  const mixed = asking.map(() => []);
  for (let head = 0; head < heads; head++) {
    const ofHead = (row) => row.slice(head * size, (head + 1) * size);
    const scoreOf = (query, key) => dot(ofHead(query), ofHead(key)) / Math.sqrt(size) / temperature;
    const ofQuery = (query, i) => keys.map((key, j) => (sees(i, j) ? scoreOf(query, key) : -Infinity));
    scores.push(queries.map(ofQuery));
    const rows = scores[head].map(softmaxOf);
    weights.push(rows);
    rows.forEach((row, i) => mixed[i].push(...weighted(row, values.map(ofHead))));
  }
  const output = mixed.map((row) => affine(row, p["out_proj.weight"], p["out_proj.bias"]));
  return { output, scores, weights };
}

/** Shift and scale a row to mean 0 and variance 1, then by what was learnt. */
export function normalise(row, weight, bias) {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i]);
}

/** The feed-forward network: a linear map, ReLU, a linear map. */
function feedForward(row, p) {
  const hidden = affine(row, p["linear1.weight"], p["linear1.bias"]).map((value) => Math.max(0, value));
  return affine(hidden, p["linear2.weight"], p["linear2.bias"]);
}

/** Add to each row what a part made of it, and normalise. */
const addAndNormalise = (rows, made, p, name) =>
  rows.map((row, i) => normalise(plus(row, made[i]), p[`${name}.weight`], p[`${name}.bias`]));

/** An encoder layer that normalises after each part: `{rows, own}`; `own` is what `attend` returns. */
export function encoderLayer(rows, p, options) {
  const own = attend(rows, rows, part(p, "self_attn"), options);
  const attended = addAndNormalise(rows, own.output, p, "norm1");
  const fed = attended.map((row) => feedForward(row, p));
  return { rows: addAndNormalise(attended, fed, p, "norm2"), own };
}

const everything = () => true;

/** A decoder layer that normalises after each part: `{rows, own, cross}`, the last two as `attend` returns them. */
export function decoderLayer(rows, memory, p, options) {
  const causal = { ...options, sees: (i, j) => j <= i && (options.mask ?? everything)(i, j) };
  const own = attend(rows, rows, part(p, "self_attn"), causal);
  const asked = addAndNormalise(rows, own.output, p, "norm1");
  const cross = attend(asked, memory, part(p, "multihead_attn"), options);
  const answered = addAndNormalise(asked, cross.output, p, "norm2");
  const fed = answered.map((row) => feedForward(row, p));
  return { rows: addAndNormalise(answered, fed, p, "norm3"), own, cross };
}

/** Return the tensors whose names begin with `name.`, under the rest of their names. */
export function part(p, name) {
  const own = Object.entries(p).filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(own.map(([key, tensor]) => [key.slice(name.length + 1), tensor]));
}
