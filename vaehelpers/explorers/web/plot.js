// Plots in the colours of the page around them: axes, lines, areas, points and arrows, as SVG.

import { element } from "./elements.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [400, 260]; // in the picture's own units; it takes the width that it is given
const EDGE = { left: 44, right: 8, top: 8, bottom: 40 };

const ROUND = 64; // points of an ellipse

/** Return points around an ellipse that stands upright. */
export const around = ([x, y], [xRadius, yRadius]) =>
  Array.from({ length: ROUND }, (_, i) => {
    const angle = (2 * Math.PI * i) / ROUND;
    return [x + xRadius * Math.cos(angle), y + yRadius * Math.sin(angle)];
  });

/** Return the `{x, y}` of a plot that holds a box from corner `low` to corner `high`, and in which circles are round. */
export function roundFrame(low, high) {
  const shape = (WIDTH - EDGE.left - EDGE.right) / (HEIGHT - EDGE.top - EDGE.bottom);
  const tall = Math.max(high[1] - low[1], (high[0] - low[0]) / shape);
  const [x, y] = [tall * shape, tall].map((length, d) => {
    const middle = (low[d] + high[d]) / 2;
    return [middle - length / 2, middle + length / 2];
  });
  return { x, y };
}

/** Return three to six round numbers between `low` and `high`. */
export function ticksBetween(low, high) {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const step = [2, 1, 0.5, 0.2].map((part) => part * power).find((each) => (high - low) / each >= 3);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const count = Math.floor(high / step) - Math.ceil(low / step) + 1;
  return Array.from({ length: count }, (_, i) => Number(((Math.ceil(low / step) + i) * step).toFixed(digits)));
}

/** Return a legend, for `{class name of a layer: what it shows}`. */
export function legend(names) {
  const items = Object.entries(names).map(([className, text]) => element("span", { className: `vx-key ${className}` }, text));
  return element("div", { className: "vx-legend" }, ...items);
}

/** Return a new SVG element with attributes. */
function shape(name, attributes = {}) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * Return a plot over `x` and `y`, each `[low, high]`, with ticks at `xTicks` and `yTicks`.
 *
 * It has `root`, `layer(className)`, which adds an empty path and returns a function that draws it through points
 * `[[x, y], ...]`, closed to an area if asked, and `marks(className)`, the same for dots. `at(event)` says where a
 * pointer is, `describe(text)` what a reader hears.
 */
export function plot({ x, y, xTicks, yTicks, xLabel, yLabel }) {
  const across = (value) => EDGE.left + ((value - x[0]) / (x[1] - x[0])) * (WIDTH - EDGE.left - EDGE.right);
  const up = (value) => HEIGHT - EDGE.bottom - ((value - y[0]) / (y[1] - y[0])) * (HEIGHT - EDGE.top - EDGE.bottom);
  const root = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "vx-plot", role: "img" });
  const frame = { x: EDGE.left, y: EDGE.top, width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const clip = `vx-clip-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  root.append(shape("clipPath", { id: clip }));
  root.lastChild.append(shape("rect", frame));
  for (const tick of xTicks) {
    root.append(shape("line", { class: "vx-grid", x1: across(tick), x2: across(tick), y1: up(y[0]), y2: up(y[1]) }));
    root.append(label(tick, across(tick), HEIGHT - EDGE.bottom + 14, "middle"));
  }
  for (const tick of yTicks) {
    root.append(shape("line", { class: "vx-grid", x1: across(x[0]), x2: across(x[1]), y1: up(tick), y2: up(tick) }));
    root.append(label(tick, EDGE.left - 5, up(tick) + 4, "end"));
  }
  root.append(label(xLabel, (WIDTH + EDGE.left) / 2, HEIGHT - 6, "middle"));
  const side = label(yLabel, 0, 0, "middle");
  side.setAttribute("transform", `translate(11 ${(HEIGHT - EDGE.bottom) / 2}) rotate(-90)`);
  root.append(side);
  const inside = shape("g", { "clip-path": `url(#${clip})` });
  root.append(inside);
  const pathThrough = (points) => points.map(([a, b]) => `${across(a).toFixed(2)} ${up(b).toFixed(2)}`).join(" L ");
  return {
    root,
    layer(className) {
      const path = shape("path", { class: className });
      inside.append(path);
      return (points, closed = false) =>
        path.setAttribute("d", points.length ? `M ${pathThrough(points)}${closed ? " Z" : ""}` : "");
    },
    marks(className) {
      const group = shape("g", { class: className });
      inside.append(group);
      return (points) =>
        group.replaceChildren(...points.map(([a, b, radius = 2]) => shape("circle", { cx: across(a), cy: up(b), r: radius })));
    },
    at({ clientX, clientY }) {
      const point = new DOMPoint(clientX, clientY).matrixTransform(root.getScreenCTM().inverse());
      return [
        x[0] + ((point.x - EDGE.left) / frame.width) * (x[1] - x[0]),
        y[0] + ((HEIGHT - EDGE.bottom - point.y) / frame.height) * (y[1] - y[0]),
      ];
    },
    describe: (text) => root.setAttribute("aria-label", text),
  };
}

function label(text, x, y, anchor) {
  const made = shape("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
