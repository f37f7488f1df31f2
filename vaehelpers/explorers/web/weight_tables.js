// Attention as tables of colours: a row asks, a column is looked at.

import { element } from "./elements.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * Return a table, `{root, show}`; `show(found, shown, asking, asked)` fills it with what `attend` found of a head,
 * `{scores, weights}`, each `[rows][columns]`; `shown` says which of them are its colours.
 *
 * `onPoint(text)` is told of the cell that a pointer or the focus is on; `onHide(column)` is called when a column's name
 * is clicked. `hidden` columns are struck out; `asks` comes before a row's name where more can be said.
 */
export function weightTable(caption, { onPoint, onHide }) {
  const body = element("table", { className: "vx-weights" });
  const root = element("figure", { className: "vx-panel" }, body, element("figcaption", { textContent: caption }));
  const tell = ({ target }) => onPoint(target.closest("td")?.dataset.text ?? "");
  body.addEventListener("pointerover", tell);
  body.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && onPoint(""));
  body.addEventListener("focusin", tell);
  body.addEventListener("keydown", moveFocus);
  const show = ({ scores, weights }, shown, asking, asked, { hidden = [], asks = "" }) => {
    const names = asked.map((name, j) => columnName(name, hidden.includes(j), () => onHide(j)));
    const colour = shown === "scores" ? shades(scores) : (i, j) => weights[i][j];
    const rows = weights.map((row, i) => {
      const cells = row.map((weight, j) => {
        const text = shown === "scores" ? scoreIn(scores[i][j]) : weight.toFixed(2);
        const all = `${asks}${asking[i]} looks at ${asked[j]}: score ${scoreIn(scores[i][j])}, weight ${weight.toFixed(2)}`;
        return cell(colour(i, j), text, all);
      });
      return element("tr", {}, element("th", { scope: "row", textContent: asking[i] }), ...cells);
    });
    body.replaceChildren(element("tr", {}, element("td"), ...names), ...rows);
    body.querySelector("[data-text]").tabIndex = 0; // arrows lead from it to the others, and to the names
  };
  return { root, show };
}

const scoreIn = (score) => (score === -Infinity ? "masked" : score.toFixed(1).replace("-", "−"));

/** Return the strength of each score's colour: 0 for the lowest of all, 1 for the highest, null where a mask hides it. */
function shades(scores) {
  const finite = scores.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return (i, j) => (scores[i][j] === -Infinity ? null : (scores[i][j] - low) / (high - low || 1));
}

/** Move the focus by arrow keys from cell to cell, and to the buttons above them. */
function moveFocus(event) {
  const arrow = ARROWS[event.key];
  if (!arrow) return;
  event.preventDefault();
  const from = event.target.closest("td, th");
  const row = from.closest("table").rows[from.parentElement.rowIndex + arrow[0]];
  const cell = row?.cells[from.cellIndex + arrow[1]];
  const to = cell?.querySelector("button") ?? cell;
  if (to?.tabIndex !== -1 || from.cellIndex + arrow[1] === 0) return;
  event.target.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function columnName(name, isHidden, hide) {
  const button = element("button", { type: "button", textContent: name, tabIndex: -1 });
  button.setAttribute("aria-pressed", String(isHidden));
  button.setAttribute("aria-label", `hide ${name}`);
  button.addEventListener("click", hide);
  return element("th", { scope: "col" }, button);
}

/** Return a cell with a colour's strength from 0 to 1 (null: masked), its text, and all that there is to say of it. */
function cell(strength, text, all) {
  const made = element("td", { tabIndex: -1 }, element("span", { className: "vx-unseen", textContent: text }));
  made.dataset.text = all;
  if (strength === null) made.className = "vx-masked";
  else made.style.setProperty("--weight", `${(100 * strength).toFixed(1)}%`);
  return made;
}

/** Return a bar that says which colour means what, `{root, show}`; `show(shown)` renames its ends. */
export function weightScale() {
  const steps = Array.from({ length: 21 }, (_, i) => {
    const step = element("i");
    step.style.setProperty("--weight", `${5 * i}%`);
    return step;
  });
  const [low, high] = [element("span"), element("span")];
  const root = element("div", { className: "vx-scale" }, low, ...steps, high);
  const show = (shown) => {
    low.textContent = shown === "scores" ? "lowest" : "0";
    high.textContent = shown === "scores" ? "highest score of a head; hatched: masked" : "1: weight";
  };
  return { root, show };
}
