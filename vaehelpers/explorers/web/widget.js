// The walk through latent space as Jupyter draws it (anywidget): its sliders are widgets of their own.

import { frame } from "./elements.js";
import { latentExplorer } from "./latent_explorer.js";
import { ofWidget } from "./state.js";
import { VIEWS } from "./vae.js";

const WALK = ["origin", "directions", "percent", "low", "high", "step"];

/** Draw the explorer of a widget's `model` into `el`; return what ends it. */
export async function render({ model, el }) {
  const state = await ofWidget(model);
  const chart = addressOf(model.get("chart"));
  const data = {
    layers: model.get("layers"),
    weights: model.get("weights"),
    noise: model.get("noise"),
    walk: Object.fromEntries(WALK.map((name) => [name, model.get(name)])),
    chart,
  };
  const root = frame("A walk through latent space");
  el.append(root);
  // ToggleButtons, to which the view is linked, tell the page only the place of what was chosen.
  const named = { ...state, get: (name) => (name === "view" ? Object.keys(VIEWS)[state.get(name)] : state.get(name)) };
  const end = latentExplorer(root, data, named);
  return () => {
    end();
    if (chart) URL.revokeObjectURL(chart);
  };
}

function addressOf(png) {
  return png.byteLength ? URL.createObjectURL(new Blob([png], { type: "image/png" })) : null;
}
