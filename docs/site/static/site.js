// Words explain themselves on hover and focus, the search works from disk, and paper is white.

// A page from disk may not read others, so there the search lists titles only.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  new bootstrap.Tooltip(document.body, { selector: "a.term", customClass: "term-tooltip", trigger: "hover focus" });
});

let undo = [];

// Evidence stays folded on paper, too: its line says what it checks.
addEventListener("beforeprint", () => {
  const { theme } = document.documentElement.dataset;
  document.documentElement.dataset.theme = "light";
  const folded = [...document.querySelectorAll("article details:not(.hide, [open])")];
  folded.forEach((details) => (details.open = true));
  undo = [
    () => (document.documentElement.dataset.theme = theme),
    ...folded.map((details) => () => (details.open = false)),
  ];
});

addEventListener("afterprint", () => undo.splice(0).forEach((step) => step()));
