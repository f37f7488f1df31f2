// The practical's Figure 3 for real images: prior, samples and posterior, and the posterior magnified beside q.

import { element, slider } from "./elements.js";
import { around, legend, plot, roundFrame, ticksBetween } from "./plot.js";

const STDS = [1, 2, 3]; // at which q's ellipses lie, and a Gaussian's contours of the recorded heights
const [SMALLEST, LARGEST] = [5, 16]; // radii of rings around samples, in a plot's own units

const NAMES = {
  "vx-prior": "prior p(z), and grey samples of it",
  "vx-q": "posterior p(z|x)",
  "vx-p": "right: encoder q(z|x); left: samples over 1 % of the average",
};

/** Return the points `[[x, y], ...]` in a text as SVG writes them: "x,y x,y ...". */
export const pointsIn = (text) => text.split(" ").map((pair) => pair.split(",").map(Number));

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has prior `samples` and `images`, each with a `name` and what `published.posteriors.Posterior` describes.
 * `state` holds `which` of them is in view.
 */
export function posteriorExplorer(root, data, state) {
  const whole = plot({
    ...roundFrame([-3, -3], [3, 3]),
    xTicks: [-4, -2, 0, 2, 4],
    yTicks: [-2, 0, 2],
    xLabel: "z1",
    yLabel: "z2",
  });
  whole.marks("vx-dots vx-grey")(data.samples.map((z) => [...z, 1.2]));
  const circles = STDS.slice(0, 2);
  for (const std of circles) whole.layer("vx-line vx-prior")(around([0, 0], [std, std]), true);
  const rings = whole.marks("vx-rings");
  const ofPosterior = circles.map(() => whole.layer("vx-line vx-q"));
  const place = whole.marks("vx-dots");
  const magnified = element("div");
  const text = element("p", { className: "vx-text", role: "status" });
  root.append(element("div", { className: "vx-pair" }, whole.root, magnified), legend(NAMES), text);

  function draw() {
    const image = data.images[state.get("which")];
    rings(image.heavy.map(([i, share]) => [...data.samples[i], SMALLEST + (LARGEST - SMALLEST) * share]));
    circles.forEach((std, i) => ofPosterior[i](around(image.centre, [std * image.spread, std * image.spread]), true));
    place([[...image.centre, 2.5]]);
    const close = closeUp(image);
    magnified.replaceChildren(close.root);
    text.textContent =
      `${image.name}: log p(x) = ${image.log_p.toFixed(1)} nats, the ELBO is ${image.gap.toFixed(1)} below. ` +
      `Samples with more than 1 % of the average of p(x|z): ${image.heavy.length} of ${data.samples.length}; ` +
      `the average gives ${image.estimate.toFixed(1)} nats.`;
    whole.describe(`Samples of the prior around 0; the posterior is a spot at ${pair(image.centre)}`);
    close.describe(`The posterior's contours around ${pair(image.centre)}, and q's ellipses around ${pair(image.mean)}`);
  }

  const forget = state.on(draw);
  draw();
  return forget;
}

const pair = (values) => `(${values.map((value) => value.toFixed(2)).join(", ")})`;

/** Return a plot of an image's posterior and q, as large as they need. */
function closeUp({ mean, std, contours }) {
  const curves = contours.flat().map(pointsIn);
  const ellipses = STDS.map((k) => around(mean, std.map((each) => k * each)));
  const points = [...curves, ...ellipses].flat();
  const ends = (choose) => [0, 1].map((d) => choose(...points.map((point) => point[d])));
  const frame = roundFrame(ends(Math.min), ends(Math.max));
  const close = plot({ ...frame, xTicks: ticksBetween(...frame.x), yTicks: ticksBetween(...frame.y), xLabel: "z1", yLabel: "z2" });
  for (const curve of curves) close.layer("vx-line vx-q")(curve);
  for (const ellipse of ellipses) close.layer("vx-line vx-p")(ellipse, true);
  return close;
}

/** Return controls for the explorer's state. */
export function posteriorControls({ images }, state) {
  const which = slider({
    name: "test image",
    low: 0,
    high: images.length - 1,
    step: 1,
    value: state.get("which"),
    onInput: (value) => state.set({ which: value }),
  });
  return element("div", { className: "vx-controls" }, which.root);
}
