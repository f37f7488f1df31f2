// Pictures of 28 x 28 grey pixels, chances as bars, and a plane to move on.

import { element, panel } from "./elements.js";
import { LEVELS, SIDE } from "./vae.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }; // across, up

/** Return a panel with a grey picture, `{root, canvas, show}`; `show(greys, description)` draws it. */
export function picturePanel(caption) {
  const canvas = element("canvas", { className: "vx-picture", width: SIDE, height: SIDE, role: "img" });
  const frame = element("div", { className: "vx-square" }, canvas);
  const show = (greys, description) => {
    const rgba = new Uint8ClampedArray(4 * greys.length).fill(255);
    greys.forEach((grey, i) => rgba.fill(grey, 4 * i, 4 * i + 3));
    canvas.getContext("2d").putImageData(new ImageData(rgba, SIDE, SIDE), 0, 0);
    canvas.setAttribute("aria-label", description);
  };
  return { root: panel(caption, frame), frame, canvas, show };
}

/**
 * Let the arrow keys move a cursor over a picture panel; `told(row, column, key)` hears of each key that moves it, of the
 * space bar and of Enter. Returns a function that puts the cursor somewhere.
 */
export function keyboardCursor({ frame, canvas }, name, told) {
  const cursor = element("div", { className: "vx-pixel" });
  let at = [SIDE / 2, SIDE / 2];
  const put = (row, column) => {
    at = [row, column];
    cursor.style.left = `${(100 * column) / SIDE}%`;
    cursor.style.top = `${(100 * row) / SIDE}%`;
  };
  frame.append(cursor);
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.setAttribute("aria-label", name);
  frame.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if ((!arrow && ![" ", "Enter"].includes(event.key)) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const inside = (place) => Math.min(SIDE - 1, Math.max(0, place));
    if (arrow) put(inside(at[0] - arrow[1]), inside(at[1] + arrow[0]));
    told(...at, event.key);
  });
  put(...at);
  return put;
}

/** Return the row and column of the pixel at which a pointer is. */
export function pixelAt(canvas, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  const place = (share) => Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE)));
  return [place((clientY - box.top) / box.height), place((clientX - box.left) / box.width)];
}

/** Return a panel with a bar for each level of a pixel, `{root, show}`; `show(chances, description)` draws it. */
export function chancesPanel(caption) {
  const bars = Array.from({ length: LEVELS }, () => element("div", { className: "vx-bar" }));
  const chart = element("div", { className: "vx-square vx-bars", role: "img" }, ...bars);
  const axis = element("div", { className: "vx-axis", "aria-hidden": "true" });
  axis.append(element("span", { textContent: "level 0" }), element("span", { textContent: LEVELS - 1 }));
  const show = (chances, description) => {
    bars.forEach((bar, level) => (bar.style.height = `${100 * chances[level]}%`));
    chart.setAttribute("aria-label", description);
  };
  const root = panel(caption, chart, axis);
  root.classList.add("vx-flat");
  return { root, show };
}

/**
 * Return a map over percentiles of two latents, `{root, surface, move}`; `move(across, up)` puts a marker on it, at
 * percentiles from 0 to 100. Dragging and the arrow keys call `go(across, up)`, if it is given.
 */
export function mapPanel(caption, url, go) {
  const marker = element("div", { className: "vx-marker" });
  const image = element("img", { src: url, alt: "", draggable: false });
  const surface = element("div", { className: "vx-square vx-map" }, image, marker);
  let at = [50, 50];
  const move = (across, up) => {
    at = [across, up];
    marker.style.left = `${across}%`;
    marker.style.top = `${100 - up}%`;
  };
  const root = panel(caption, surface);
  if (!go) return { root, surface, move };
  surface.classList.add("vx-moves");
  surface.tabIndex = 0;
  surface.setAttribute("role", "application");
  surface.setAttribute("aria-label", "Map of the two latents. Arrow keys move by one percent, with Shift by ten.");
  const drag = ({ buttons, clientX, clientY }) => {
    const box = surface.getBoundingClientRect();
    if (buttons & 1) go(((clientX - box.left) / box.width) * 100, ((box.bottom - clientY) / box.height) * 100);
  };
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    drag(event);
  });
  surface.addEventListener("pointermove", drag);
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const pace = event.shiftKey ? 10 : 1;
    go(at[0] + pace * arrow[0], at[1] + pace * arrow[1]);
  });
  return { root, surface, move };
}
