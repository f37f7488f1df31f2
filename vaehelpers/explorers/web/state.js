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

/** Return a widget's inputs, `{name: widget or list of widgets}`. */
export async function inputsOf(model) {
  const find = (reference) => model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
  const inputs = {};
  for (const [name, references] of Object.entries(model.get("inputs"))) {
    inputs[name] = Array.isArray(references) ? await Promise.all(references.map(find)) : await find(references);
  }
  return inputs;
}

/**
 * Return the same of a widget. What its `inputs` hold, widgets of their own or lists of them, is read and written there:
 * a copy in the widget would be sent to the kernel once more. All else is in its `state`, which the kernel keeps, and
 * before it was changed in `start`.
 */
export function ofWidget(model, inputs, start) {
  const sources = [model, ...Object.values(inputs).flat()];
  const get = (name) => {
    const input = inputs[name];
    if (Array.isArray(input)) return input.map(valueOf);
    return input ? valueOf(input) : (model.get("state")[name] ?? start[name]);
  };
  return {
    get,
    set(changes) {
      const others = {};
      for (const [name, value] of Object.entries(changes)) {
        const input = inputs[name];
        if (Array.isArray(input)) input.forEach((each, i) => setValue(each, value[i]));
        else if (input) setValue(input, value);
        else others[name] = value;
      }
      if (Object.keys(others).length === 0) return;
      model.set("state", { ...model.get("state"), ...others });
      model.save_changes();
    },
    on(listener) {
      for (const source of sources) source.on("change", listener);
      return () => {
        for (const source of sources) source.off("change", listener);
      };
    },
  };
}

// A choice among few (ToggleButtons) tells the page only the place of what was chosen.
const valueOf = (input) => input.get("_options_labels")?.[input.get("index")] ?? input.get("value");

function setValue(input, value) {
  const options = input.get("_options_labels");
  if (options) input.set("index", options.indexOf(value));
  else input.set("value", value);
  input.save_changes();
}
