// Explorers as Jupyter draws them (anywidget). Most have widgets of their own as sliders.

import { frame } from "./elements.js";
import { nameInputs } from "./names.js";
import { EXPLORERS } from "./registry.js";
import { inputsOf, ofWidget } from "./state.js";

/** Draw the explorer that a widget's `model` names into `el`; return what ends it. */
export async function render({ model, el }) {
  const { title, draw, controls, start } = EXPLORERS[model.get("explorer")];
  const given = model.get("given");
  const inputs = await inputsOf(model);
  const root = frame(title);
  const state = ofWidget(model, inputs, start(given));
  const ends = [draw(root, given, state), nameInputs(inputs, el)];
  if (Object.keys(inputs).length === 0) root.append(controls(given, state));
  el.append(root);
  return () => ends.forEach((end) => end());
}
