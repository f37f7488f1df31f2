// Samples of the prior, and how few of them matter for the average of p(x|z) (practical, Figure 3).

import { element, oncePerPicture, slider } from "./elements.js";
import { around, legend, plot, roundFrame } from "./plot.js";
import { softmaxOf } from "./tensors.js";

/**
 * Return what prior samples `z` give for an image whose posterior is N(mean, std^2): the `share` of each in the average,
 * the effective sample size, and the `estimate` of log p(x) beside its `exact` value, in nats.
 *
 * The model is x = z + noise, with as many pixels as latents; noise and image are those that give this posterior.
 */
export function sharesOf(z, mean, std) {
  const noise = std / Math.sqrt(1 - std ** 2);
  const x = mean.map((m) => m * (1 + noise ** 2));
  const logNormal = (away, scale) =>
    away.reduce((sum, each) => sum - 0.5 * (each / scale) ** 2 - Math.log(scale * Math.sqrt(2 * Math.PI)), 0);
  const logLikelihood = z.map((at) => logNormal(at.map((value, d) => x[d] - value), noise));
  const share = softmaxOf(logLikelihood);
  const top = Math.max(...logLikelihood);
  const total = logLikelihood.reduce((sum, each) => sum + Math.exp(each - top), 0);
  return {
    share,
    effective: 1 / share.reduce((sum, each) => sum + each ** 2, 0),
    estimate: top + Math.log(total / z.length),
    exact: logNormal(x, Math.sqrt(1 + noise ** 2)),
  };
}

/** Draw the explorer into `root` and return a function that ends it; `state` holds `mean`, `std` and `count`. */
export function priorExplorer(root, { samples }, state) {
  const chart = plot({
    ...roundFrame([-3, -3], [3, 3]),
    xTicks: [-4, -2, 0, 2, 4],
    yTicks: [-2, 0, 2],
    xLabel: "z1",
    yLabel: "z2",
  });
  const [dots, counted] = ["vx-dots vx-grey", "vx-rings"].map(chart.marks);
  const circles = [1, 2].map(() => chart.layer("vx-line vx-prior"));
  const ofPosterior = [1, 2].map(() => chart.layer("vx-line vx-q"));
  const text = element("p", { className: "vx-text", role: "status" });
  const names = { "vx-prior": "prior", "vx-q": "posterior", "vx-p": "samples over 1 % of the average" };
  root.append(chart.root, legend(names), text);
  chart.root.addEventListener("pointerdown", move);
  chart.root.addEventListener("pointermove", (event) => event.buttons & 1 && move(event));
  circles.forEach((circle, i) => circle(around([0, 0], [i + 1, i + 1]), true));

  function move(event) {
    const inside = (value) => Math.min(2.5, Math.max(-2.5, value));
    state.set({ mean: chart.at(event).map(inside) });
  }

  function draw() {
    const [mean, std, count] = ["mean", "std", "count"].map(state.get);
    const z = samples.slice(0, count);
    const { share, effective, estimate, exact } = sharesOf(z, mean, std);
    dots(z.map((at) => [...at, 1.2]));
    const heavy = share.map((each, i) => [i, each]).filter(([, each]) => each > 0.01);
    counted(heavy.map(([i, each]) => [...z[i], 4 + 12 * each]));
    ofPosterior.forEach((circle, i) => circle(around(mean, [std * (i + 1), std * (i + 1)]), true));
    text.textContent =
      `${heavy.length} of ${count} samples are over 1 % of the average. ` +
      `All together are worth ${effective.toFixed(1)} samples of the posterior. ` +
      `log p(x): ${estimate.toFixed(2)} nats by the average, exactly ${exact.toFixed(2)}.`;
    chart.describe(`Samples of the prior around 0, and a posterior at ${mean.map((m) => m.toFixed(1))}; ${text.textContent}`);
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(pictures.schedule);
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}

/** Return controls for the explorer's state. */
export function priorControls({ samples }, state) {
  const shown = (value) => value.toFixed(2);
  const [first, second] = [0, 1].map((d) =>
    slider({
      name: `centre, z${d + 1}`,
      low: -2.5,
      high: 2.5,
      step: 0.1,
      value: state.get("mean")[d],
      format: shown,
      onInput: (value) => state.set({ mean: state.get("mean").with(d, value) }),
    }),
  );
  const std = slider({
    name: "posterior std",
    low: 0.02,
    high: 0.95,
    step: 0.01,
    value: state.get("std"),
    format: shown,
    onInput: (value) => state.set({ std: value }),
  });
  const count = slider({
    name: "samples",
    low: 10,
    high: samples.length,
    step: 10,
    value: state.get("count"),
    onInput: (value) => state.set({ count: value }),
  });
  state.on(() => [first, second].forEach((each, d) => each.show(state.get("mean")[d])));
  return element("div", { className: "vx-controls" }, ...[first, second, std, count].map((each) => each.root));
}
