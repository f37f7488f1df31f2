// All explorers by name: what each is called, how it is drawn, its controls in a page, and how it starts.

import { attentionControls, attentionExplorer } from "./attention_explorer.js";
import { BLANK, boundControls, boundExplorer } from "./bound_explorer.js";
import { filmControls, filmExplorer } from "./film_explorer.js";
import { gaussianControls, gaussianExplorer } from "./gaussian_explorer.js";
import { latentControls, latentExplorer } from "./latent_explorer.js";
import { normalNoise, pathsControls, pathsExplorer } from "./paths_explorer.js";
import { posteriorControls, posteriorExplorer } from "./posterior_explorer.js";
import { priorControls, priorExplorer } from "./prior_explorer.js";
import { spamExplorer } from "./spam_explorer.js";

const none = () => "";
const PIXEL = { view: "mean", row: 14, column: 14 };

export const EXPLORERS = {
  walk: {
    title: "A walk through latent space",
    draw: latentExplorer,
    controls: latentControls,
    start: ({ start }) => ({ ...start, ...PIXEL }),
  },
  bound: {
    title: "An image, its code and its cost",
    draw: boundExplorer,
    controls: boundControls,
    start: ({ images }) => ({ which: 0, levels: images[0].levels, own: BLANK, level: 15 }),
  },
  attention: {
    title: "Attention of trained translators",
    draw: attentionExplorer,
    controls: attentionControls,
    start: () => ({ word: "keyboards", kind: "decoder, cross", temperature: 1, mask: "none", hidden: [], shown: "weights" }),
  },
  gaussians: {
    title: "Two Gaussians and their divergence",
    draw: gaussianExplorer,
    controls: gaussianControls,
    start: () => ({ meanOfQ: 1, stdOfQ: 1, meanOfP: 0, stdOfP: 2 }),
  },
  prior: {
    title: "Samples of the prior",
    draw: priorExplorer,
    controls: priorControls,
    start: () => ({ mean: [1, 1], std: 0.2, count: 500 }),
  },
  posterior: {
    title: "A posterior beside its prior",
    draw: posteriorExplorer,
    controls: posteriorControls,
    start: () => ({ which: 0 }),
  },
  paths: {
    title: "Samples that gradients pass",
    draw: pathsExplorer,
    controls: pathsControls,
    start: () => ({ mean: 1, std: 0.5, noise: normalNoise(200) }),
  },
  film: {
    title: "A training as a film",
    draw: filmExplorer,
    controls: filmControls,
    start: ({ captions }) => ({ frame: captions.length - 1 }),
  },
  spam: {
    title: "A spam filter",
    draw: spamExplorer,
    controls: none,
    start: ({ text }) => ({ text }),
  },
};
