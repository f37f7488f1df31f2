// Explorers as Jupyter draws them (anywidget): their sliders are widgets of their own.

import { frame } from "./elements.js";
import { nameInputs } from "./names.js";
import { EXPLORERS } from "./registry.js";
import { inputsOf, ofWidget } from "./state.js";

/** Draw the explorer that a widget's `model` names into `el`; return what ends it. */
export async function render({ model, el }) {
  const { title, draw } = EXPLORERS[model.get("explorer")];
  const inputs = await inputsOf(model);
  const root = frame(title);
  const ends = [draw(root, model.get("given"), ofWidget(model, inputs)), nameInputs(inputs, el)];
  el.append(root);
  return () => ends.forEach((end) => end());
}
