// Weights of attention as tables of colours: a row asks, a column is looked at.

import { element } from "./elements.js";

/**
 * Return a table, `{root, show}`; `show(weights, asking, asked)` fills it with `[rows][columns]` from 0 to 1.
 *
 * `onPoint(text)` is told of the cell that a pointer is on; `onHide(column)`, if given, makes each column's name a
 * button. `hidden` columns are struck out.
 */
export function weightTable(caption, { onPoint, onHide }) {
  const body = element("table", { className: "vx-weights" });
  const root = element("figure", { className: "vx-panel" }, body, element("figcaption", { textContent: caption }));
  body.addEventListener("pointerover", ({ target }) => onPoint(target.closest("td")?.dataset.text ?? ""));
  body.addEventListener("pointerleave", () => onPoint(""));
  const show = (weights, asking, asked, hidden = []) => {
    const names = asked.map((name, j) => columnName(name, hidden.includes(j), onHide && (() => onHide(j))));
    const head = element("tr", {}, element("td"), ...names);
    const rows = weights.map((row, i) => {
      const cells = row.map((weight, j) => cell(weight, `${asking[i]} looks at ${asked[j]}: ${weight.toFixed(2)}`));
      return element("tr", {}, element("th", { scope: "row", textContent: asking[i] }), ...cells);
    });
    body.replaceChildren(head, ...rows);
  };
  return { root, show };
}

function columnName(name, isHidden, hide) {
  const head = element("th", { scope: "col" });
  if (!hide) head.textContent = name;
  else {
    const button = element("button", { type: "button", textContent: name });
    button.setAttribute("aria-pressed", String(isHidden));
    button.setAttribute("aria-label", `hide ${name}`);
    button.addEventListener("click", hide);
    head.append(button);
  }
  return head;
}

function cell(weight, text) {
  const made = element("td", {}, element("span", { className: "vx-unseen", textContent: weight.toFixed(2) }));
  made.dataset.text = text;
  made.style.setProperty("--weight", `${(100 * weight).toFixed(1)}%`);
  return made;
}

/** Return a bar that says which colour is which weight. */
export function weightScale() {
  const steps = Array.from({ length: 21 }, (_, i) => {
    const step = element("i");
    step.style.setProperty("--weight", `${5 * i}%`);
    return step;
  });
  const bar = element("div", { className: "vx-scale", "aria-hidden": "true" }, "0 ", ...steps, " 1: weight");
  return bar;
}
