// What Jupyter's sliders lack: names that can be heard, and keys of their own. By itself (anywidget) it shows nothing.

import { keepKeys } from "./elements.js";
import { inputsOf } from "./state.js";

/** Name a widget's inputs, now and whenever one changes, for those beside `el`; return what ends it. */
export function nameInputs(inputs, el) {
  const widgets = Object.values(inputs).flat();
  const sayNames = () => widgets.forEach(sayName);
  for (const widget of widgets) widget.on("change", sayNames);
  const timers = [0, 1000].map((pause) => setTimeout(sayNames, pause)); // they may be drawn after us
  timers.push(setTimeout(() => keepKeys(el.closest(".widget-box") ?? el))); // once we are in the page
  return () => {
    timers.forEach(clearTimeout);
    for (const widget of widgets) widget.off("change", sayNames);
  };
}

/** Give the handle of a slider its name and its value in words: ipywidgets gives it none, and rounds the value. */
async function sayName(input) {
  for (const view of await Promise.all(Object.values(input.views ?? {}))) {
    const handle = view.el.querySelector(".noUi-handle");
    handle?.setAttribute("aria-label", input.get("description"));
    handle?.setAttribute("aria-valuetext", view.el.querySelector(".widget-readout")?.textContent ?? "");
  }
}

/** Name the inputs of a widget that has nothing to show. */
export async function render({ model, el }) {
  el.hidden = true;
  return nameInputs(await inputsOf(model), el);
}
