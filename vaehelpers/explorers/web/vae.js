// The VAE: an image and its place in latent space, in both directions, and what the image costs.

import { network } from "./network.js";
import { softmax } from "./numbers.js";

export const LEVELS = 16; // grey levels of a pixel
export const SIDE = 28; // pixels of an image in a row
const PIXELS = SIDE * SIDE;

/** Return a function from z to the probabilities of the levels, [pixels][levels] in one row. */
export function decoder({ layers, weights }) {
  const run = network(layers, weights);
  return (z) => softmax(run(Float32Array.from(z)), LEVELS);
}

/** Return a function from an image's levels to `{mean, logStd}` of its q(z|x), each with `latents` numbers. */
export function encoder({ layers, weights, latents }) {
  const run = network(layers, weights);
  return (levels) => {
    const scaled = Float32Array.from(levels, (level) => (level / (LEVELS - 1)) * 2 - 1);
    const found = Array.from(run(scaled));
    return { mean: found.slice(0, latents), logStd: found.slice(latents, 2 * latents) };
  };
}

/** The KL divergence from q = N(mean, std^2) to the prior, in nats (practical, Eq. 16). */
export function klToPrior({ mean, logStd }) {
  const terms = mean.map((m, d) => 0.5 * (m * m + Math.exp(2 * logStd[d]) - 1 - 2 * logStd[d]));
  return terms.reduce((sum, term) => sum + term, 0);
}

/** What an image costs under the probabilities of a decoder: -log p(x|z) in nats. */
export function reconstruction(p, levels) {
  let nats = 0;
  for (let pixel = 0; pixel < PIXELS; pixel++) nats -= Math.log(p[pixel * LEVELS + levels[pixel]]);
  return nats;
}

/** Nats of an image as bits per pixel. */
export const bitsPerPixel = (nats) => nats / (PIXELS * Math.LN2);

/** How a pixel's probabilities p[start...] become one level; `u` in [0, 1) is the pixel's random number. */
export const VIEWS = { mean: meanLevel, mode: likeliestLevel, sample: drawnLevel };

function meanLevel(p, start) {
  let sum = 0;
  for (let k = 1; k < LEVELS; k++) sum += k * p[start + k];
  return sum;
}

function likeliestLevel(p, start) {
  let best = 0;
  for (let k = 1; k < LEVELS; k++) if (p[start + k] > p[start + best]) best = k;
  return best;
}

function drawnLevel(p, start, u) {
  let level = 0;
  let passed = p[start];
  while (passed <= u && level < LEVELS - 1) {
    level += 1;
    passed += p[start + level];
  }
  return level;
}

/** Return a picture's grey values 0..255, one for each pixel; `noise` has a random number for each. */
export function greys(p, view, noise) {
  const level = VIEWS[view];
  return Uint8ClampedArray.from({ length: PIXELS }, (_, pixel) =>
    Math.round((level(p, pixel * LEVELS, noise[pixel]) / (LEVELS - 1)) * 255),
  );
}
