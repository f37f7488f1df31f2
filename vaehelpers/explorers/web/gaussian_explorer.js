// Two Gaussians and their divergence: the integrand of KL(q||p), whose area is the KL.

import { element, oncePerPicture, slider } from "./elements.js";
import { legend, plot } from "./plot.js";

const [LOW, HIGH, STEPS] = [-8, 8, 320];
const GRID = Array.from({ length: STEPS + 1 }, (_, i) => LOW + ((HIGH - LOW) * i) / STEPS);

const NAMES = { "vx-q": "q", "vx-p": "p", "vx-area": "q log(q/p): above zero minus below is KL(q‖p)" };

/** The density of N(mean, std^2). */
export const density = (x, { mean, std }) => Math.exp(-0.5 * ((x - mean) / std) ** 2) / (std * Math.sqrt(2 * Math.PI));

/** KL(q||p) of two Gaussians in nats (practical, Eq. 15). */
export const klOfGaussians = (q, p) =>
  Math.log(p.std / q.std) + (q.std ** 2 + (q.mean - p.mean) ** 2) / (2 * p.std ** 2) - 0.5;

/** q log(q/p) at a place: what the KL is the integral of. */
export function integrand(x, q, p) {
  const logRatio = Math.log(p.std / q.std) - 0.5 * ((x - q.mean) / q.std) ** 2 + 0.5 * ((x - p.mean) / p.std) ** 2;
  return density(x, q) * logRatio;
}

/** Draw the explorer into `root` and return a function that ends it; `state` holds their means and stds. */
export function gaussianExplorer(root, _, state) {
  const chart = plot({
    x: [LOW, HIGH],
    y: [-0.6, 1.4],
    xTicks: [-8, -4, 0, 4, 8],
    yTicks: [-0.5, 0, 0.5, 1],
    xLabel: "x",
    yLabel: "density; q log(q/p)",
  });
  const [area, lineOfP, lineOfQ] = ["vx-area", "vx-line vx-p", "vx-line vx-q"].map(chart.layer);
  const text = element("p", { className: "vx-text", role: "status" });
  root.append(chart.root, legend(NAMES), text);

  function draw() {
    const [q, p] = ["Q", "P"].map((name) => ({ mean: state.get(`meanOf${name}`), std: state.get(`stdOf${name}`) }));
    area([[LOW, 0], ...GRID.map((x) => [x, integrand(x, q, p)]), [HIGH, 0]], true);
    lineOfQ(GRID.map((x) => [x, density(x, q)]));
    lineOfP(GRID.map((x) => [x, density(x, p)]));
    const [forwards, backwards] = [klOfGaussians(q, p), klOfGaussians(p, q)];
    text.textContent = `KL(q‖p) = ${forwards.toFixed(3)} nats, KL(p‖q) = ${backwards.toFixed(3)} nats`;
    chart.describe(`The densities of q and p, and between them the integrand; ${text.textContent}`);
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(pictures.schedule);
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}

const SLIDERS = { meanOfQ: [-4, 4], stdOfQ: [0.3, 3], meanOfP: [-4, 4], stdOfP: [0.3, 3] };

/** Return controls for the explorer's state. */
export function gaussianControls(_, state) {
  const rows = Object.entries(SLIDERS).map(([name, [low, high]]) =>
    slider({
      name: `${name.slice(0, -3)} of ${name.at(-1).toLowerCase()}`,
      low,
      high,
      step: 0.1,
      value: state.get(name),
      format: (value) => value.toFixed(1),
      onInput: (value) => state.set({ [name]: value }),
    }),
  );
  return element("div", { className: "vx-controls" }, ...rows.map((each) => each.root));
}
