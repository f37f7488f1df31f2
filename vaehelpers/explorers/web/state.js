// What an explorer shows, in one place: in a page without a kernel, and in Jupyter.

/** Return values that tell their listeners when they change: `{get, all, set, on}`. */
export function store(values) {
  const listeners = new Set();
  return {
    get: (name) => values[name],
    all: () => values,
    set(changes) {
      values = { ...values, ...changes };
      for (const listener of listeners) listener();
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Return the same of a widget, `{get, set, on}`. `values` are those of its sliders, which are widgets of their own and
 * are listened to directly: a copy of their values in the widget would be sent to the kernel once more.
 */
export async function ofWidget(model) {
  const find = (reference) => model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
  const sliders = await Promise.all((model.get("sliders") ?? []).map(find));
  return {
    get: (name) => (name === "values" ? sliders.map((slider) => slider.get("value")) : model.get(name)),
    set({ values, ...others }) {
      values?.forEach((value, i) => {
        sliders[i].set("value", value);
        sliders[i].save_changes();
      });
      for (const [name, value] of Object.entries(others)) model.set(name, value);
      if (Object.keys(others).length) model.save_changes();
    },
    on(listener) {
      for (const source of [model, ...sliders]) source.on("change", listener);
      return () => {
        for (const source of [model, ...sliders]) source.off("change", listener);
      };
    },
  };
}
