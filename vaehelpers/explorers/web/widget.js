// Explorers as Jupyter draws them (anywidget): their sliders are widgets of their own.

import { frame } from "./elements.js";
import { EXPLORERS } from "./registry.js";
import { ofWidget } from "./state.js";

/** Draw the explorer that a widget's `model` names into `el`; return what ends it. */
export async function render({ model, el }) {
  const { title, draw } = EXPLORERS[model.get("explorer")];
  const root = frame(title);
  const end = draw(root, model.get("given"), await ofWidget(model));
  el.append(root);
  return end;
}
