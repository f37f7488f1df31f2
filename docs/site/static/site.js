// Words explain themselves on hover and focus, the search works from disk, and paper is white.

// A page from disk may not read others, so there the search lists titles only.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  new bootstrap.Tooltip(document.body, { selector: "a.term", customClass: "term-tooltip", trigger: "hover focus" });
  // Two of the theme's controls say to a screen reader nothing, or less than they show.
  for (const toggle of document.querySelectorAll("summary:has(> .toctree-toggle)")) toggle.ariaLabel = "Pages below";
  for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label");
});

let undo = [];

// Evidence stays folded on paper, too: its line says what it checks. On paper a link to another page
// would be the address of a file on the disk of whoever printed it.
addEventListener("beforeprint", () => {
  const page = document.documentElement;
  const theme = page.dataset.theme;
  page.dataset.theme = "light";
  undo.push(() => (page.dataset.theme = theme));
  for (const details of document.querySelectorAll("article details:not(.evidence, [open])")) {
    details.open = true;
    undo.push(() => (details.open = false));
  }
  for (const link of document.querySelectorAll("article a[href]:not([href^='#'], [href*='://'])")) {
    const address = link.getAttribute("href");
    link.removeAttribute("href");
    undo.push(() => link.setAttribute("href", address));
  }
});

addEventListener("afterprint", () => undo.splice(0).forEach((step) => step()));
