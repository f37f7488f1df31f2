// Words explain themselves on hover and focus, the search works from disk, and paper is white.

// A page from disk may not read others, so there the search lists titles only.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  new bootstrap.Tooltip(document.body, { selector: "a.term", customClass: "term-tooltip", trigger: "hover focus" });
  // Two of the theme's controls say to a screen reader nothing, or less than they show.
  for (const toggle of document.querySelectorAll("summary:has(> .toctree-toggle)")) toggle.ariaLabel = "Pages below";
  for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label");
  // A drawer that stays open hides what was chosen in it.
  for (const drawer of document.querySelectorAll("dialog")) {
    drawer.addEventListener("click", ({ target }) => target.closest("a[href^='#']") && drawer.close());
  }
  // Who has only a keyboard scrolls with it what is too wide.
  for (const formula of document.querySelectorAll(".katex-display .katex-html")) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
  }
  const results = document.querySelector("#search-results");
  if (results) new MutationObserver(() => leadToWords(results)).observe(results, { childList: true, subtree: true });
});

// The theme marks a section in the contents while its heading passes; after a jump none has passed.
addEventListener("scrollend", () => {
  const links = [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")];
  const isPassed = ({ hash }) => document.querySelector(`[id="${hash.slice(1)}"]`)?.getBoundingClientRect().top < 150;
  const current = links.filter(isPassed).at(-1);
  for (const link of links) {
    link.classList.toggle("active", link === current);
    link.ariaCurrent = link === current ? "true" : null;
  }
});

// A finger cannot hover: its first tap on a word explains it, the second follows the link.
let pointer = "";
let tapped = null;
addEventListener("pointerdown", (event) => (pointer = event.pointerType), true);
addEventListener("click", (event) => {
  const word = event.target.closest("a.term");
  if (word && pointer === "touch" && word !== tapped) event.preventDefault();
  tapped = word;
});

// The search takes both spellings of a word for one, as its index does (extensions/spelling.py).
if (window.Stemmer) {
  const Plain = window.Stemmer;
  window.Stemmer = function () {
    const plain = new Plain();
    this.stemWord = (word) => plain.stemWord(word.replaceAll("iz", "is"));
  };
}

// Lessons come before names of the code.
if (window.Scorer) Object.assign(window.Scorer, { objNameMatch: 1, objPartialMatch: 0, objPrio: { 0: 0, 1: -5, 2: -10 } });

/** Have results of the search lead to the words on their page, and not to its top. */
function leadToWords(results) {
  const words = new URLSearchParams(location.search).get("q").split(/\s+/);
  const longest = words.reduce((a, b) => (b.length > a.length ? b : a));
  for (const link of results.querySelectorAll("li > a:not([href*='#'])")) {
    const spellings = [longest, longest.replaceAll("iz", "is")].map((word) => `text=${encodeURIComponent(word)}`);
    link.href += `#:~:${[...new Set(spellings)].join("&")}`;
  }
}

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

// Explorers come when they are nearly in view. A page from disk may load scripts, and no other files.
const folder = new URL("explorers/", document.currentScript.src);
const scripts = {};

function load(name) {
  scripts[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(name, folder);
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  return scripts[name];
}

async function start(place) {
  const name = place.dataset.explorer;
  try {
    await load("explorers.js");
    await load(`${name}.js`);
  } catch {
    place.textContent = "This explorer could not be loaded; reload the page to try again.";
    return;
  }
  const { kind, given } = explorers[name];
  modules.mounts.mount(kind, place, given, JSON.parse(place.dataset.start ?? "{}"));
}

const inView = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      inView.unobserve(target);
      start(target);
    }
  },
  { rootMargin: "100px" },
);
for (const place of document.querySelectorAll("[data-explorer]")) inView.observe(place);
