// A walk through latent space: a map to drag on, what the decoder makes of the place, one pixel's chances.

import { button, choice, element, oncePerPicture, slider } from "./elements.js";
import { chancesPanel, keyboardCursor, mapPanel, picturePanel, pixelAt } from "./pictures.js";
import { LEVELS, SIDE, VIEWS, decoder, greys } from "./vae.js";
import { latents } from "./walk.js";

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the decoder (`layers`, `weights`), the `walk`, the `noise` of samples and, for a map, the address of its
 * picture, `chart`. `state` holds `values`, one for each direction of the walk, the `origin` from which they lead, the
 * `view` (mean, mode or sample), and a pixel's `row` and `column`.
 */
export function latentExplorer(root, data, state) {
  const { walk } = data;
  const decode = decoder(data);
  const inRange = (value) => Math.min(walk.high, Math.max(walk.low, Math.round(value / walk.step) * walk.step));
  const map = data.chart
    ? mapPanel("map in percentiles: drag", data.chart, (...at) => state.set({ values: at.map(inRange) }))
    : null;
  const picture = picturePanel("decoder: choose a pixel, by click or arrow keys");
  const chances = chancesPanel("chances of this pixel's levels; the top is 100 %");
  const put = keyboardCursor(picture, "A pixel of the picture. Arrow keys choose another.", (row, column) =>
    state.set({ row, column }),
  );
  const text = element("p", { className: "vx-text", role: "status" });
  picture.canvas.addEventListener("pointerdown", (event) => {
    const [row, column] = pixelAt(picture.canvas, event);
    state.set({ row, column });
  });
  const panels = [map, picture, chances].filter(Boolean).map((each) => each.root);
  root.append(element("div", { className: `vx-panels ${map ? "vx-beside-map" : "vx-two"}` }, ...panels), text);

  function draw() {
    const [values, view, row, column] = ["values", "view", "row", "column"].map(state.get);
    const z = latents({ ...walk, origin: state.get("origin") }, values);
    const p = decode(z);
    const start = (row * SIDE + column) * LEVELS;
    const place = placeOf(z, data);
    picture.show(greys(p, view, data.noise), `${view} of the decoder at ${place}`);
    chances.show(p.subarray(start, start + LEVELS), `chances of the ${LEVELS} levels of pixel (${row}, ${column})`);
    put(row, column);
    map?.move(...values);
    text.textContent = place;
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1; // for the benchmark
  }

  const picturesOf = oncePerPicture(draw);
  const forget = state.on(picturesOf.schedule);
  draw();
  return () => {
    forget();
    picturesOf.stop();
  };
}

/** Say where z is: of many latents, those that have sliders. */
function placeOf(z, { walk, labels }) {
  if (z.length === 2) return `z = (${z.map((value) => value.toFixed(2)).join(", ")})`;
  const along = walk.directions.map((direction) => direction.reduce((sum, part, d) => sum + part * z[d], 0));
  return labels.map((label, i) => `${label.split(" ")[0]} = ${along[i].toFixed(2)}`).join(", ");
}

/** Return controls for the explorer's state, for a page where there are no others. */
export function latentControls({ walk, labels, start }, state) {
  const decimals = walk.percent ? 0 : 2;
  const sliders = labels.map((name, i) =>
    slider({
      ...walk,
      name,
      value: state.get("values")[i],
      format: (value) => value.toFixed(decimals),
      onInput: (value) => state.set({ values: state.get("values").with(i, value) }),
    }),
  );
  const views = choice({
    name: "picture",
    options: Object.keys(VIEWS),
    value: state.get("view"),
    onChoose: (view) => state.set({ view }),
  });
  const reset = button("reset", () => state.set(start));
  state.on(() => {
    sliders.forEach((each, i) => each.show(state.get("values")[i]));
    views.show(state.get("view"));
  });
  const parts = [...sliders.map((each) => each.root), views.root, reset];
  return element("div", { className: "vx-controls" }, ...parts);
}

