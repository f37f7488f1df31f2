// Explorers in a page without a kernel: each by its name, with controls of its own.

import { attentionControls, attentionExplorer } from "./attention_explorer.js";
import { boundControls, boundExplorer } from "./bound_explorer.js";
import { frame } from "./elements.js";
import { filmExplorer } from "./film_explorer.js";
import { gaussianControls, gaussianExplorer } from "./gaussian_explorer.js";
import { latentControls, latentExplorer } from "./latent_explorer.js";
import { normalNoise, pathsControls, pathsExplorer } from "./paths_explorer.js";
import { priorControls, priorExplorer } from "./prior_explorer.js";
import { spamExplorer } from "./spam_explorer.js";
import { store } from "./state.js";

const none = () => "";
const PIXEL = { view: "mean", row: 14, column: 14 };

// What each is called, how it is drawn, its controls, and how it starts.
const EXPLORERS = {
  walk: ["A walk through latent space", latentExplorer, latentControls, ({ start }) => ({ ...start, ...PIXEL })],
  bound: ["An image, its code and its cost", boundExplorer, boundControls, ({ images }) => ({ which: 0, levels: images[0].levels, level: 15 })],
  attention: ["Attention of trained translators", attentionExplorer, attentionControls, () => ({ word: "keyboards", kind: "decoder, cross", temperature: 1, hidden: [] })],
  gaussians: ["Two Gaussians and their divergence", gaussianExplorer, gaussianControls, () => ({ q: { mean: 1, std: 1 }, p: { mean: 0, std: 2 } })],
  prior: ["Samples of the prior", priorExplorer, priorControls, () => ({ mean: [1, 1], std: 0.2, count: 500 })],
  paths: ["Samples that gradients pass", pathsExplorer, pathsControls, () => ({ mean: 1, std: 0.5, noise: normalNoise(200) })],
  film: ["A training as a film", filmExplorer, none, () => ({ frame: 0 })],
  spam: ["A spam filter", spamExplorer, none, ({ text }) => ({ text })],
};

/** Draw the explorer of that name into an element of a page, in place of what is there. */
export function mount(name, place, given) {
  const [title, draw, controls, start] = EXPLORERS[name];
  const root = frame(title);
  const state = store({ ...start(given), ...kept(place.id) });
  state.on(() => keep(place.id, state));
  place.replaceChildren(root);
  draw(root, given, state);
  root.append(controls(given, state));
}

/** Return what bytes in a text (base64) are, as a DataView. */
export function bytesIn(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new DataView(bytes.buffer);
}

// Where each explorer was left, until the page is closed. Browsers may forbid it: then nothing is kept.
const KEPT = "vaehelpers ";

function kept(id) {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT + id)) ?? {};
  } catch {
    return {};
  }
}

function keep(id, state) {
  try {
    sessionStorage.setItem(KEPT + id, JSON.stringify(state.all()));
  } catch {
    return; // the explorer works as well without
  }
}
