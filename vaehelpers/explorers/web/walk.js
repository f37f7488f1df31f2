// Walks through latent space: where sliders lead, and back.

import { cdf, ppf } from "./numbers.js";

/** Return z: origin + sum of value * direction. Percentiles are first turned into standard deviations. */
export function latents({ origin, directions, percent }, values) {
  const steps = values.map((value) => (percent ? ppf(value / 100) : value));
  return origin.map((start, d) => steps.reduce((z, step, i) => z + step * directions[i][d], start));
}

/** Return the values nearest to z, and the origin from which they give z; directions are orthogonal, of length 1. */
export function valuesAt({ origin, directions, percent, low, high, step }, z) {
  const values = directions.map((direction) => {
    const along = direction.reduce((sum, part, d) => sum + part * z[d], 0);
    const exact = percent ? 100 * cdf(along) : along;
    return Math.min(high, Math.max(low, Math.round(exact / step) * step));
  });
  const reached = latents({ origin: origin.map(() => 0), directions, percent }, values);
  return { values, origin: z.map((value, d) => value - reached[d]) };
}
