// A training as a film: one slider over its moments, and a button that plays them.

import { button, element, slider } from "./elements.js";

const PACE = 500; // milliseconds to a frame while it plays

/**
 * Draw the explorer into `root` and return a function that ends it.
 *
 * `data` has the address of a `strip`, the frames one below the other, a `caption` for each, and what a reader hears of
 * all, `alt`. `state` holds the number of the `frame`.
 */
export function filmExplorer(root, data, state) {
  const count = data.captions.length;
  const image = element("img", { src: data.strip, alt: data.alt, draggable: false });
  const window = element("div", { className: "vx-film" }, image);
  const caption = element("p", { className: "vx-text", role: "status" });
  image.addEventListener("load", () => {
    window.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight / count}`;
  });
  root.append(window, caption);

  function draw() {
    const frame = state.get("frame");
    image.style.translate = `0 ${(-100 * frame) / count}%`;
    caption.textContent = data.captions[frame];
  }

  const forget = state.on(draw);
  draw();
  return forget;
}

/** Return controls for the explorer's state: a slider over the moments, and a button that plays them. */
export function filmControls({ captions }, state) {
  const last = captions.length - 1;
  const go = (frame) => state.set({ frame });
  const control = slider({
    name: "moment",
    low: 0,
    high: last,
    step: 1,
    value: state.get("frame"),
    format: (frame) => `${frame + 1} of ${last + 1}`,
    onInput: go,
  });
  state.on(() => control.show(state.get("frame")));
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "play";
  };
  const step = () => (state.get("frame") < last ? go(state.get("frame") + 1) : stop());
  const play = button("play", () => {
    if (timer) return stop();
    if (state.get("frame") === last) go(0);
    play.textContent = "stop";
    timer = setInterval(step, PACE);
  });
  return element("div", { className: "vx-controls" }, control.root, play);
}
