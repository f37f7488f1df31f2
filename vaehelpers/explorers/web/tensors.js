// Named tensors in one row of 32-bit floats, and what is done with matrices: lists of rows.

/** Return `{name: matrix or vector}` from a DataView; `shapes` is `[[name, [rows, columns] or [length]], ...]`. */
export function unpack(shapes, view) {
  const numbers = Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  let read = 0;
  const take = (count) => numbers.subarray(read, (read += count));
  return Object.fromEntries(
    shapes.map(([name, [first, second]]) => [
      name,
      second === undefined ? take(first) : Array.from({ length: first }, () => take(second)),
    ]),
  );
}

/** The scalar product of two rows. */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Return weight * row + bias. */
export const affine = (row, weight, bias) => weight.map((w, i) => dot(w, row) + (bias ? bias[i] : 0));

/** Return two rows, number by number, added. */
export const plus = (a, b) => Array.from(a, (value, i) => value + b[i]);

/** Turn a list of scores into positive weights that sum to 1; -Infinity gets 0, and if all do, so does each. */
export function softmaxOf(scores) {
  const top = Math.max(...scores);
  if (top === -Infinity) return scores.map(() => 0);
  const powers = scores.map((score) => Math.exp(score - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Return the mean of rows, each with a weight. */
export function weighted(weights, rows) {
  const sum = new Array(rows[0].length).fill(0);
  weights.forEach((weight, j) => rows[j].forEach((value, i) => (sum[i] += weight * value)));
  return sum;
}
