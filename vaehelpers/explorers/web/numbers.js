// Numbers: 16-bit floats as they travel, the standard normal, and activations.

/** Return the 16-bit floating point numbers (IEEE 754 binary16) in a DataView. */
export function halves(view) {
  return Float32Array.from({ length: view.byteLength / 2 }, (_, i) => half(view.getUint16(2 * i, true)));
}

function half(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * 2 ** -14 * fraction;
  return sign * 2 ** (exponent - 15) * (1 + fraction);
}

/** The error function by Abramowitz and Stegun, formula 7.1.26; its error is below 2e-7. */
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/** The standard normal's cumulative distribution function. */
export const cdf = (z) => 0.5 * (1 + erf(z * Math.SQRT1_2));

/** The inverse of `cdf` on (0, 1), by Newton's method from the middle towards the lower tail. */
export function ppf(u) {
  const tail = Math.min(u, 1 - u);
  let z = 0;
  for (let i = 0; i < 20; i++) {
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    z -= (cdf(z) - tail) / density;
  }
  return u < 0.5 ? z : -z;
}

/** The activation of the networks (Hendrycks and Gimpel 2016). */
export const gelu = (x) => x * cdf(x);

/** Turn rows of `width` logits into probabilities, each row by itself. */
export function softmax(logits, width) {
  const p = new Float32Array(logits.length);
  for (let start = 0; start < p.length; start += width) {
    let top = -Infinity;
    for (let k = start; k < start + width; k++) top = Math.max(top, logits[k]);
    let total = 0;
    for (let k = start; k < start + width; k++) total += p[k] = Math.exp(logits[k] - top);
    for (let k = start; k < start + width; k++) p[k] /= total;
  }
  return p;
}
