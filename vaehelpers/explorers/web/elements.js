// What every explorer is made of: elements, panels, and controls that have a name and work with a keyboard.

/** Return a new element with properties, attributes (`{"aria-label": ...}`), and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Return a panel: something to look at, with a caption. */
export function panel(caption, ...contents) {
  return element("figure", { className: "vx-panel" }, ...contents, element("figcaption", { textContent: caption }));
}

let made = 0; // so that every control's label finds it

/** Return a slider with its name and its value, `{root, show}`; `show(value)` moves it without telling anybody. */
export function slider({ name, low, high, step, value, format = String, onInput }) {
  const id = `vx-${(made += 1)}`;
  const input = element("input", { id, type: "range", min: low, max: high, step });
  const output = element("output", { className: "vx-value" });
  output.setAttribute("for", id);
  const show = (shown) => {
    input.value = shown;
    output.textContent = format(Number(shown));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show(input.value);
    onInput(Number(input.value));
  });
  show(value);
  const label = element("label", { htmlFor: id, textContent: name });
  return { root: element("div", { className: "vx-slider" }, label, input, output), show };
}

/** Return a choice among few: buttons of which one is on, `{root, show, allow}`; `allow(false)` makes it grey. */
export function choice({ name, options, value, onChoose }) {
  const group = `vx-${(made += 1)}`;
  const inputs = options.map((option) => element("input", { type: "radio", name: group, value: option }));
  const labels = options.map((option, i) => element("label", {}, inputs[i], element("span", { textContent: option })));
  const show = (chosen) => inputs.forEach((input) => (input.checked = input.value === chosen));
  for (const input of inputs) input.addEventListener("change", () => onChoose(input.value));
  show(value);
  const allow = (allowed) => inputs.forEach((input) => (input.disabled = !allowed));
  const title = element("span", { id: group, textContent: name });
  const among = element("div", { className: "vx-options" }, ...labels);
  const root = element("div", { className: "vx-choice", role: "radiogroup", "aria-labelledby": group }, title, among);
  return { root, show, allow };
}

/** Return a button. */
export function button(text, onClick) {
  const made = element("button", { type: "button", textContent: text });
  made.addEventListener("click", onClick);
  return made;
}

/** Return the element that an explorer is drawn in. */
export function frame(name) {
  const root = element("div", { className: "vx", role: "group", "aria-label": name });
  keepKeys(root);
  return root;
}

/**
 * Have JupyterLab leave keys alone that are pressed inside `root`: "x" would delete the cell.
 *
 * Lumino, which it is made of, asks the element with the focus itself for this attribute.
 */
export function keepKeys(root) {
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
}

/** Return a function that has `draw` called once before the screen shows its next picture, and one that stops it. */
export function oncePerPicture(draw) {
  let waiting = null;
  const schedule = () => {
    waiting ??= requestAnimationFrame(() => {
      waiting = null;
      draw();
    });
  };
  return { schedule, stop: () => cancelAnimationFrame(waiting) };
}
