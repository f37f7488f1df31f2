// Reparameterisation: samples z = mean + std eps move with mean and std, and say how a loss changes with both.

import { button, element, oncePerPicture, slider } from "./elements.js";
import { legend, plot } from "./plot.js";

const [LOW, HIGH] = [-4, 4];
const GRID = Array.from({ length: 161 }, (_, i) => LOW + ((HIGH - LOW) * i) / 160);

/** The loss of the example, z^2, and its slope. */
export const loss = (z) => z * z;
export const slope = (z) => 2 * z;

/** Return samples z and the mean over them of the loss's gradient for mean and std (Kingma and Welling 2014, 2.4). */
export function pathwise({ mean, std }, noise) {
  const z = noise.map((eps) => mean + std * eps);
  const average = (terms) => terms.reduce((sum, term) => sum + term, 0) / terms.length;
  return {
    z,
    loss: average(z.map(loss)),
    ofMean: average(z.map(slope)),
    ofStd: average(z.map((value, i) => slope(value) * noise[i])),
  };
}

/** Draw the explorer into `root` and return a function that ends it; `state` holds `mean`, `std` and `noise`. */
export function pathsExplorer(root, _, state) {
  const chart = plot({
    x: [LOW, HIGH],
    y: [0, 8],
    xTicks: [-4, -2, 0, 2, 4],
    yTicks: [0, 2, 4, 6, 8],
    xLabel: "z",
    yLabel: "loss z²",
  });
  const curve = chart.layer("vx-line vx-ink");
  const arrow = chart.layer("vx-line vx-q");
  const samples = chart.marks("vx-dots vx-thrown");
  curve(GRID.map((z) => [z, loss(z)]));
  const text = element("p", { className: "vx-text", role: "status" });
  root.append(chart.root, legend({ "vx-ink": "loss z²", "vx-dots": "samples of z", "vx-q": "mean ± std" }), text);

  function draw() {
    const q = { mean: state.get("mean"), std: state.get("std") };
    const found = pathwise(q, state.get("noise"));
    samples(found.z.map((z) => [z, loss(z)]));
    arrow([[q.mean - q.std, 0.15], [q.mean + q.std, 0.15]]);
    const exact = { ofMean: 2 * q.mean, ofStd: 2 * q.std };
    text.textContent =
      `gradient for the mean: ${found.ofMean.toFixed(2)} (exact ${exact.ofMean.toFixed(2)}), ` +
      `for std: ${found.ofStd.toFixed(2)} (exact ${exact.ofStd.toFixed(2)})`;
    chart.describe(`Samples of z on the curve of the loss; ${text.textContent}`);
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(pictures.schedule);
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}

/** Return `count` standard normal numbers (Box and Muller). */
export const normalNoise = (count) =>
  Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));

/** Return controls for the explorer's state. */
export function pathsControls(_, state) {
  const number = (name, low, high) =>
    slider({
      name,
      low,
      high,
      step: 0.05,
      value: state.get(name),
      format: (value) => value.toFixed(2),
      onInput: (value) => state.set({ [name]: value }),
    }).root;
  const again = button("throw eps again", () => state.set({ noise: normalNoise(state.get("noise").length) }));
  return element("div", { className: "vx-controls" }, number("mean", -2, 2), number("std", 0.05, 1.5), again);
}
