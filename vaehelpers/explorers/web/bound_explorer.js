// An image and what the VAE makes of it: its code on the map, decoded again, and what it costs. It can be drawn on.

import { button, element, oncePerPicture, slider } from "./elements.js";
import { cdf } from "./numbers.js";
import { keyboardCursor, mapPanel, picturePanel, pixelAt } from "./pictures.js";
import { LEVELS, SIDE, bitsPerPixel, decoder, encoder, greys, klToPrior, reconstruction } from "./vae.js";

const BRUSH = 1.5; // pixels from the pointer that a stroke reaches
export const BLANK = new Array(SIDE * SIDE).fill(0);
const COSTS = {
  code: "q(z|x)",
  recon: "reconstruction, −log p(x|z)",
  kl: "+ KL(q(z|x)‖p(z))",
  loss: "= loss: −ELBO, by one sample of z",
  logP: "−log p(x)",
};
const DRAWS = [" ", "Enter"];
const ROUND = 48; // points of an ellipse

/** Return the levels of an image after a stroke of a level at a row and column; its edge is softer than its middle. */
export function stroked(levels, [row, column], level) {
  return levels.map((before, pixel) => {
    const away = Math.hypot(Math.floor(pixel / SIDE) - row, (pixel % SIDE) - column);
    const strength = Math.min(1, Math.max(0, BRUSH - away));
    return Math.round(before + strength * (level - before));
  });
}

/** Return what q = N(mean, std^2) gives to a drawn z: mean + std * noise. */
export const drawn = ({ mean, logStd }, noise) => mean.map((m, d) => m + Math.exp(logStd[d]) * noise[d]);

/** Return the loss of an image, `{recon, kl, nats, bits}`, for the probabilities at one z of its q. */
export function lossOf(levels, code, p) {
  const recon = reconstruction(p, levels);
  const kl = klToPrior(code);
  return { recon, kl, nats: recon + kl, bits: bitsPerPixel(recon + kl) };
}

/** Return an SVG path around q at `std` standard deviations, on a map over percentiles of 0 to 100. */
export function ellipsePath({ mean, logStd }, std) {
  const points = Array.from({ length: ROUND }, (_, i) => {
    const angle = (2 * Math.PI * i) / ROUND;
    const z1 = mean[0] + std * Math.exp(logStd[0]) * Math.cos(angle);
    const z2 = mean[1] + std * Math.exp(logStd[1]) * Math.sin(angle);
    return `${(100 * cdf(z1)).toFixed(2)} ${(100 - 100 * cdf(z2)).toFixed(2)}`;
  });
  return `M ${points.join(" L ")} Z`;
}

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the networks `encoder` and `decoder`, the map's address `chart`, the `noise` of a picture and `zNoise` of a
 * code, and `images`: for each its `levels`, its `name` and, where it is known, `logP`, log p(x) in nats. `state` holds
 * the `levels` in view, the place of their image in `images` as `which` (null once it was drawn on), what was drawn last
 * as `own`, and the brush's `level`.
 */
export function boundExplorer(root, data, state) {
  const encode = encoder(data.encoder);
  const decode = decoder(data.decoder);
  const image = picturePanel("the image: draw on it, by pointer or by arrows and space bar");
  const map = mapPanel("q(z|x) on the map", data.chart);
  const again = picturePanel("decoder at the mean of q");
  const sample = picturePanel("a sample: z from q, then each pixel");
  const table = element("dl", { className: "vx-table" });
  const numbers = Object.fromEntries(
    Object.entries(COSTS).map(([name, words]) => {
      const value = element("dd");
      table.append(element("dt", { textContent: words }), value);
      return [name, value];
    }),
  );
  const ellipse = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  ellipse.setAttribute("viewBox", "0 0 100 100");
  ellipse.classList.add("vx-ellipse");
  ellipse.innerHTML = '<path class="vx-two"/><path class="vx-one"/>';
  map.surface.append(ellipse);
  letDraw(image, state);
  const panels = [image, map, again, sample].map((each) => each.root);
  root.append(element("div", { className: "vx-panels" }, ...panels), table);

  const parts = {
    mean(levels, code) {
      again.show(greys(decode(code.mean), "mean", data.noise), "mean levels of the decoder at the mean of q");
    },
    sample(levels, code) {
      const p = decode(drawn(code, data.zNoise));
      sample.show(greys(p, "sample", data.noise), "a sample of the decoder at one z of q");
      showNumbers(numbers, code, lossOf(levels, code, p), data.images[state.get("which")]);
    },
  };
  let due = Object.keys(parts);

  /** Show the image and its code at once, and one of the parts: two decodings would take longer than a picture lasts. */
  function draw() {
    const levels = state.get("levels");
    const code = encode(levels);
    image.show(Uint8ClampedArray.from(levels, (level) => (level / (LEVELS - 1)) * 255), "the image in view");
    [2, 1].forEach((std, i) => ellipse.children[i].setAttribute("d", ellipsePath(code, std)));
    map.move(100 * cdf(code.mean[0]), 100 * cdf(code.mean[1]));
    parts[due.shift()](levels, code);
    if (due.length) pictures.schedule();
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1; // for the benchmark
  }

  const pictures = oncePerPicture(draw);
  const forget = state.on(() => {
    due = [...due, ...Object.keys(parts).filter((name) => !due.includes(name))];
    pictures.schedule();
  });
  draw();
  return () => {
    forget();
    pictures.stop();
  };
}

function showNumbers(numbers, code, loss, image) {
  const logP = image?.logP;
  const pair = (values, digits) => `(${values.map((value) => value.toFixed(digits)).join(", ")})`;
  numbers.code.textContent = `mean ${pair(code.mean, 2)}, std ${pair(code.logStd.map(Math.exp), 3)}`;
  numbers.recon.textContent = `${loss.recon.toFixed(0)} nats`;
  numbers.kl.textContent = `${loss.kl.toFixed(1)} nats`;
  numbers.loss.textContent = `${loss.nats.toFixed(0)} nats = ${loss.bits.toFixed(3)} bits per pixel`;
  numbers.logP.textContent =
    logP === undefined ? "not known for this image" : `${(-logP).toFixed(0)} nats, by quadrature`;
}

/** Have a pointer draw on the image, also between two of its events; or the space bar, where arrow keys have led. */
function letDraw(panel, state) {
  const { canvas } = panel;
  let before = null;
  const keep = (levels) => state.set({ levels, own: levels, which: null });
  const name = "The image. Arrow keys move a cursor, the space bar draws.";
  const put = keyboardCursor(panel, name, (row, column, key) => {
    if (DRAWS.includes(key)) keep(stroked(state.get("levels"), [row, column], state.get("level")));
  });
  const strokeTo = (event) => {
    const place = pixelAt(canvas, event);
    const from = before ?? place;
    const steps = Math.max(1, Math.ceil(Math.hypot(place[0] - from[0], place[1] - from[1])));
    let levels = state.get("levels");
    for (let step = 1; step <= steps; step++) {
      const between = from.map((start, axis) => start + ((place[axis] - start) * step) / steps);
      levels = stroked(levels, between, state.get("level"));
    }
    before = place;
    put(...place);
    keep(levels);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    before = null;
    strokeTo(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) strokeTo(event);
  });
}

/** Return controls for the explorer's state: which image, the brush, and a blank page. */
export function boundControls({ images }, state) {
  const names = images.map(({ name }, i) => element("option", { value: i, textContent: name }));
  const choose = element("select", { id: "vx-which" }, element("option", { value: "", textContent: "your own" }), ...names);
  choose.addEventListener("change", () => {
    if (choose.value === "") state.set({ which: null, levels: state.get("own") });
    else state.set({ which: Number(choose.value), levels: images[choose.value].levels });
  });
  const brush = slider({
    name: "brush: grey level",
    low: 0,
    high: LEVELS - 1,
    step: 1,
    value: state.get("level"),
    format: (level) => (level ? String(level) : "0 (erase)"),
    onInput: (level) => state.set({ level }),
  });
  const blank = button("blank page", () => state.set({ which: null, levels: BLANK, own: BLANK }));
  const showChosen = () => (choose.value = state.get("which") ?? "");
  state.on(showChosen);
  showChosen();
  const label = element("label", { htmlFor: "vx-which", textContent: "image" });
  const which = element("div", { className: "vx-slider" }, label, choose);
  return element("div", { className: "vx-controls" }, which, brush.root, blank);
}
