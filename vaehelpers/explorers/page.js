// The VAE's decoder in the page: latents in, 16 logits per pixel out, and from those a picture, the chances of one
// pixel's levels, and a place on a map. No library, no request; `render` at the end is what Jupyter calls (anywidget).
//
// Images are stored pixel by pixel with the channels innermost. A layer's weights come as [out/8][taps][in][8], so that
// the innermost loop reads them in order and keeps eight sums in registers.

const BLOCK = 8;

/** Read 16-bit floating point numbers (IEEE 754 binary16) from a DataView. */
export function halves(view) {
  return Float32Array.from({ length: view.byteLength / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true), exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024);
    return bits >> 15 ? -size : size;
  });
}

/** The error function by Abramowitz and Stegun, formula 7.1.26; its error is below 2e-7. */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const cdf = (z) => 0.5 * (1 + erf(z * Math.SQRT1_2)); // of the standard normal
const gelu = (x) => x * cdf(x);

/** For each output row, the pairs (kernel row, input row) that it sums over; columns are alike. */
function tapsOf({ kernel, stride, padding, transposed, sizeIn, sizeOut }) {
  return Array.from({ length: sizeOut }, (_, out) => {
    const pairs = [];
    for (let k = 0; k < kernel; k++) {
      const i = transposed ? (out + padding - k) / stride : out * stride - padding + k;
      if (Number.isInteger(i) && i >= 0 && i < sizeIn) pairs.push([k, i]);
    }
    return pairs;
  });
}

/**
 * Return f(x, w, y, n): y[0..7] += sum over i < n of x[i] * w[i][0..7], with byte addresses in `memory`.
 *
 * It is WebAssembly, put together here from its instructions, because JavaScript has no operation on four numbers at
 * once: about eight times as fast as a loop. Names and numbers: WebAssembly core specification, 5.4.
 */
function accumulator(memory) {
  const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
  const counted = (items) => [...leb(items.length), ...items.flat()];
  const section = (id, body) => [id, ...leb(body.length), ...body];
  const get = (local) => [0x20, local], set = (local) => [0x21, local], tee = (local) => [0x22, local];
  const simd = (code) => [0xfd, ...leb(code)], constant = (n) => [0x41, ...leb(n)], plus = 0x6a, minus = 0x6b;
  const load = (offset) => [...simd(0), 2, offset], store = (offset) => [...simd(11), 2, offset];
  const splat = [...simd(9), 2, 0], times = simd(0xe6), add = simd(0xe4); // f32x4
  const [x, w, y, n, low, high, v] = [0, 1, 2, 3, 4, 5, 6], I32 = 0x7f, V128 = 0x7b;
  const sum = (half, offset) => [...get(half), ...get(v), ...get(w), ...load(offset), ...times, ...add, ...set(half)];
  const advance = (local, bytes) => [...get(local), ...constant(bytes), plus, ...set(local)];
  const body = [
    ...counted([[3, V128]]), ...get(y), ...load(0), ...set(low), ...get(y), ...load(16), ...set(high),
    0x03, 0x40, // loop
    ...get(x), ...splat, ...set(v), ...sum(low, 0), ...sum(high, 16), ...advance(x, 4), ...advance(w, 32),
    ...get(n), ...constant(1), minus, ...tee(n), 0x0d, 0, // again, unless n is now 0
    0x0b, ...get(y), ...get(low), ...store(0), ...get(y), ...get(high), ...store(16), 0x0b];
  const program = new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, counted([[0x60, ...counted([I32, I32, I32, I32]), 0]])),
    ...section(2, counted([[1, 0x6d, 1, 0x6d, 2, 0, 1]])), ...section(3, counted([0])), // the memory is called m.m
    ...section(7, counted([[1, 0x66, 0, 0]])), ...section(10, counted([[...leb(body.length), ...body]]))]);
  return new WebAssembly.Instance(new WebAssembly.Module(program), { m: { m: memory } }).exports.f;
}

/** Apply one layer, a convolution, a transposed one, or (with size 1) a linear one, to x; all in `floats`. */
function apply(layer, floats, accumulate) {
  const { weight, bias, input, output, taps, kernel, sizeIn, sizeOut, channelsIn: n, channelsOut: m } = layer;
  for (let block = 0; block < m; block += BLOCK) {
    const start = weight + block * kernel * kernel * n;
    for (let row = 0; row < sizeOut; row++) for (let column = 0; column < sizeOut; column++) {
      const place = output + (row * sizeOut + column) * m + block;
      floats.copyWithin(place, bias + block, bias + block + BLOCK);
      for (const [ky, iy] of taps[row]) for (const [kx, ix] of taps[column])
        accumulate(4 * (input + (iy * sizeIn + ix) * n), 4 * (start + (ky * kernel + kx) * BLOCK * n), 4 * place, n);
    }
  }
  const values = floats.subarray(output, output + sizeOut * sizeOut * m);
  if (layer.activated) values.forEach((x, i) => { values[i] = gelu(x); });
  return values;
}

/** Return a function from latents to logits [28*28][16], for layers and weights as page.py describes them. */
export function decoder(layers, view) {
  const numbers = halves(view), widths = layers.map((layer) => layer.sizeOut ** 2 * layer.channelsOut);
  const total = numbers.length + layers[0].channelsIn + widths.reduce((sum, width) => sum + width, 0);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(total / 2 ** 14) }); // in pages of 2^14 floats
  const floats = new Float32Array(memory.buffer), accumulate = accumulator(memory);
  floats.set(numbers);
  let used = 0;
  const take = (count) => (used += count) - count;
  const placed = layers.map((layer) => ({
    ...layer, taps: tapsOf(layer), weight: take(layer.kernel ** 2 * layer.channelsIn * layer.channelsOut),
    bias: take(layer.channelsOut) }));
  const latents = take(layers[0].channelsIn), outputs = widths.map(take);
  const stack = placed.map((layer, i) => ({ ...layer, input: i ? outputs[i - 1] : latents, output: outputs[i] }));
  return (z) => {
    floats.set(z, latents);
    return stack.map((layer) => apply(layer, floats, accumulate)).at(-1);
  };
}

/** Turn logits [pixels][levels] into probabilities. */
export function softmax(logits, levels) {
  const p = new Float32Array(logits.length);
  for (let start = 0; start < p.length; start += levels) {
    let top = -Infinity, total = 0;
    for (let k = start; k < start + levels; k++) top = Math.max(top, logits[k]);
    for (let k = start; k < start + levels; k++) total += p[k] = Math.exp(logits[k] - top);
    for (let k = start; k < start + levels; k++) p[k] /= total;
  }
  return p;
}

/** How a pixel's probabilities p[start...] become one level; `u` in [0, 1) is the pixel's random number. */
const VIEWS = {
  mean: (p, start, levels) => {
    let sum = 0;
    for (let k = 1; k < levels; k++) sum += k * p[start + k];
    return sum;
  },
  mode: (p, start, levels) => {
    let best = 0;
    for (let k = 1; k < levels; k++) if (p[start + k] > p[start + best]) best = k;
    return best;
  },
  sample: (p, start, levels, u) => {
    let k = 0;
    for (let sum = p[start]; sum <= u && k < levels - 1; sum += p[start + k]) k++;
    return k;
  },
};

/** Return grey values 0..255, one per pixel, for a view (mean, mode or sample) of probabilities [pixels][levels]. */
export function greys(p, levels, view, noise) {
  return Uint8ClampedArray.from({ length: p.length / levels },
    (_, i) => Math.round(VIEWS[view](p, i * levels, levels, noise[i]) / (levels - 1) * 255));
}

/** The inverse of the standard normal's cdf on (0, 1), by Newton's method from the middle towards the lower tail. */
export function ppf(u) {
  const tail = Math.min(u, 1 - u);
  let z = 0;
  for (let i = 0; i < 20; i++) z -= (cdf(z) - tail) * Math.sqrt(2 * Math.PI) * Math.exp(z * z / 2);
  return u < 0.5 ? z : -z;
}

/** Where sliders lead: origin + sum of value * direction; percentiles are first turned into standard deviations. */
export function latents({ origin, directions, percent }, values) {
  const steps = values.map((value) => (percent ? ppf(value / 100) : value));
  return origin.map((start, d) => steps.reduce((z, step, i) => z + step * directions[i][d], start));
}

const LEVELS = 16, SIDE = 28, SIZE = 280; // grey levels, pixels, pixels on the screen

function add(parent, tag, className, properties = {}) {
  const child = Object.assign(document.createElement(tag), { className, ...properties });
  parent.append(child);
  return child;
}

/** Add a panel with a caption; return the element that its contents go into. */
function addPanel(root, caption) {
  const figure = add(root, "figure", "vae-panel"), inside = add(figure, "div", "vae-frame");
  add(figure, "figcaption", "", { textContent: caption });
  return inside;
}

function drawPicture(context, levels) {
  const rgba = new Uint8ClampedArray(4 * levels.length).fill(255);
  levels.forEach((grey, i) => rgba.fill(grey, 4 * i, 4 * i + 3));
  context.putImageData(new ImageData(rgba, SIDE, SIDE), 0, 0);
}

function drawChances(context, p) {
  const width = context.canvas.width / LEVELS, height = context.canvas.height;
  context.clearRect(0, 0, context.canvas.width, height);
  context.fillStyle = "#0072b2";
  p.forEach((chance, k) => context.fillRect(k * width + 1, height * (1 - chance), width - 2, height * chance));
}

/**
 * Draw the explorer into `el`, and again whenever `model` or one of its sliders changes. The sliders are widgets of
 * their own and are listened to directly: a copy of their values in `model` would be sent to the kernel once more.
 */
async function render({ model, el }) {
  const find = (reference) => model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
  const sliders = await Promise.all(model.get("sliders").map(find));
  const decode = decoder(model.get("layers"), model.get("weights")), noise = model.get("noise");
  const root = add(el, "div", "vae-page");
  const pad = model.get("chart").byteLength ? addPad(root, model, sliders) : null;
  const frame = addPanel(root, "decoder: click a pixel");
  const picture = add(frame, "canvas", "vae-picture", { width: SIDE, height: SIDE, role: "img" });
  const cross = add(frame, "div", "vae-pixel");
  const chances = add(addPanel(root, "chances of its levels"), "canvas", "vae-chances",
    { width: SIZE / 2, height: SIZE, role: "img" });
  const text = add(root, "div", "vae-text", { role: "status" });

  function draw() {
    const [row, column] = [model.get("row"), model.get("column")], view = Object.keys(VIEWS)[model.get("view")];
    const walk = Object.fromEntries(["origin", "directions", "percent"].map((name) => [name, model.get(name)]));
    const values = sliders.map((slider) => slider.get("value")), z = latents(walk, values);
    const p = softmax(decode(z), LEVELS), start = (row * SIDE + column) * LEVELS;
    drawPicture(picture.getContext("2d"), greys(p, LEVELS, view, noise));
    drawChances(chances.getContext("2d"), p.subarray(start, start + LEVELS));
    cross.style.transform = `translate(${column * SIZE / SIDE}px, ${row * SIZE / SIDE}px)`;
    pad?.move(...values);
    const shown = z.slice(0, 2).map((value) => value.toFixed(2)).join(", ");
    text.textContent = `z = (${shown}${z.length > 2 ? ", ..." : ""})`;
    picture.setAttribute("aria-label", `${view} of the decoder at ${text.textContent}`);
    chances.setAttribute("aria-label", `chances of the ${LEVELS} levels of pixel (${row}, ${column})`);
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
  }

  let waiting = null; // at most one picture per frame of the screen, of the newest values
  const schedule = () => { waiting ??= requestAnimationFrame(() => { waiting = null; draw(); }); };
  for (const source of [model, ...sliders]) source.on("change", schedule);
  picture.addEventListener("click", ({ offsetX, offsetY }) => {
    model.set({ row: Math.floor(offsetY / SIZE * SIDE), column: Math.floor(offsetX / SIZE * SIDE) });
    model.save_changes();
  });
  draw();
  return () => {
    for (const source of [model, ...sliders]) source.off("change", schedule);
    cancelAnimationFrame(waiting);
  };
}

/** Add a map over percentiles of two latents: dragging on it, or the arrow keys, move both sliders. */
function addPad(root, model, [across, up]) {
  const pad = add(addPanel(root, "map in percentiles: drag"), "div", "vae-map",
    { tabIndex: 0, role: "application", ariaLabel: "map of the two latents; arrow keys move" });
  const url = URL.createObjectURL(new Blob([model.get("chart")], { type: "image/png" }));
  const done = () => URL.revokeObjectURL(url);
  add(pad, "img", "", { src: url, alt: "the manifold of decoded means", draggable: false, onload: done });
  const marker = add(pad, "div", "vae-marker");
  const low = model.get("low"), high = model.get("high");
  const go = (x, y) => {
    for (const [slider, value] of [[across, x], [up, y]]) {
      slider.set("value", Math.round(Math.min(high, Math.max(low, value))));
      slider.save_changes();
    }
  };
  const drag = ({ buttons, clientX, clientY }) => {
    const box = pad.getBoundingClientRect();
    if (buttons & 1) go((clientX - box.left) / box.width * 100, (box.bottom - clientY) / box.height * 100);
  };
  pad.addEventListener("pointerdown", (event) => { pad.setPointerCapture(event.pointerId); drag(event); });
  pad.addEventListener("pointermove", drag);
  pad.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would take it for a move between cells
    go(across.get("value") + x, up.get("value") + y);
  });
  return { move: (x, y) => { marker.style.transform = `translate(${x / 100 * SIZE}px, ${(1 - y / 100) * SIZE}px)`; } };
}

export default { render };
