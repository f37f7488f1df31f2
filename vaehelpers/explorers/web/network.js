// Convolutional networks: layers and weights as page.py describes them.
//
// Images are stored pixel by pixel, with the channels of a pixel side by side. A layer's weights come as
// [outputs / 8][kernel row][kernel column][inputs][8], so that the innermost loop reads them in order.

import { gelu, halves } from "./numbers.js";

const BLOCK = 8; // outputs that are summed at once

/** Return a function from a network's input to its output, both Float32Arrays; the output is overwritten next time. */
export function network(layers, view) {
  const numbers = halves(view);
  let read = 0;
  const take = (count) => numbers.subarray(read, (read += count));
  const stack = layers.map((layer) => ({
    ...layer,
    weight: take(layer.kernel ** 2 * layer.channelsIn * layer.channelsOut),
    bias: take(layer.channelsOut),
    taps: tapsOf(layer),
    output: new Float32Array(layer.sizeOut ** 2 * layer.channelsOut),
  }));
  return (input) => stack.reduce((x, layer) => applyLayer(layer, x), input);
}

/** For each place of the output: where the inputs that it sums over begin, each followed by where its weights do. */
function tapsOf(layer) {
  const { kernel, sizeIn, sizeOut, channelsIn } = layer;
  const ofRow = Array.from({ length: sizeOut }, (_, place) => tapsAlongOneAxis(layer, place));
  return Array.from({ length: sizeOut ** 2 }, (_, place) => {
    const [row, column] = [Math.floor(place / sizeOut), place % sizeOut];
    const pairs = ofRow[row].flatMap(([kernelRow, inputRow]) =>
      ofRow[column].map(([kernelColumn, inputColumn]) => [
        (inputRow * sizeIn + inputColumn) * channelsIn,
        (kernelRow * kernel + kernelColumn) * channelsIn * BLOCK,
      ]),
    );
    return Int32Array.from(pairs.flat());
  });
}

/** For an output row, the pairs [kernel row, input row] that it sums over; columns are alike. */
function tapsAlongOneAxis({ kernel, stride, padding, transposed, sizeIn }, out) {
  const pairs = [];
  for (let k = 0; k < kernel; k++) {
    const row = transposed ? (out + padding - k) / stride : out * stride - padding + k;
    if (Number.isInteger(row) && row >= 0 && row < sizeIn) pairs.push([k, row]);
  }
  return pairs;
}

/** Apply a convolution, a transposed one, or a linear layer, which is a convolution with one place. */
function applyLayer({ weight, bias, taps, output, kernel, channelsIn, channelsOut, activated }, input) {
  for (let block = 0; block < channelsOut; block += BLOCK) {
    const ofBlock = block * kernel * kernel * channelsIn;
    for (let place = 0; place < taps.length; place++) {
      const to = place * channelsOut + block;
      const pairs = taps[place];
      for (let i = 0; i < BLOCK; i++) output[to + i] = bias[block + i];
      for (let i = 0; i < pairs.length; i += 2) {
        addWeighted(input, pairs[i], weight, ofBlock + pairs[i + 1], output, to, channelsIn);
      }
    }
  }
  if (activated) for (let i = 0; i < output.length; i++) output[i] = gelu(output[i]);
  return output;
}

/** Add to eight outputs, for each of `count` inputs, that input times its eight weights. */
function addWeighted(input, from, weight, by, output, to, count) {
  // Eight variables in place of an array stay in registers: this is where nearly all time goes.
  let [a, b, c, d] = [output[to], output[to + 1], output[to + 2], output[to + 3]];
  let [e, f, g, h] = [output[to + 4], output[to + 5], output[to + 6], output[to + 7]];
  for (let i = 0; i < count; i++) {
    const x = input[from + i];
    const w = by + i * BLOCK;
    a += x * weight[w];
    b += x * weight[w + 1];
    c += x * weight[w + 2];
    d += x * weight[w + 3];
    e += x * weight[w + 4];
    f += x * weight[w + 5];
    g += x * weight[w + 6];
    h += x * weight[w + 7];
  }
  output[to] = a;
  output[to + 1] = b;
  output[to + 2] = c;
  output[to + 3] = d;
  output[to + 4] = e;
  output[to + 5] = f;
  output[to + 6] = g;
  output[to + 7] = h;
}
