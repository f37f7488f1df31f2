"""The built site in a real browser: opened from disk, and as a server sends it."""

import gzip
import http.server
import threading
from functools import partial

import pytest
from site_pages import live, opened

from vaehelpers.series import run

PAGES = [
    "index",
    "explore",
    *(f"notebooks/{name}" for name in run.NOTEBOOKS),
    "docs/answers",
    "docs/glossary",
    "docs/usage",
    "docs/performance",
    "docs/architecture",
    "docs/reliability",
    "api/index",
    "api/vae",
    "search",
    "_modules/vaehelpers/vae/objective",
    "source/benchmarks/quality.py",
]
WIDTHS = (390, 800, 1400)
FIRST_SCREEN = 500_000  # bytes that may come before what lies below the first screen
NO_CUTTING = """() => {
  const wide = [...document.querySelectorAll("article *")].filter((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width || box.right <= innerWidth + 1) return false;
    for (let parent = element.parentElement; parent; parent = parent.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(parent).overflowX)) return false;
    }
    return true;
  });
  return wide.map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_open_from_disk_without_network_and_without_error(site, browser, theme):
    with opened(browser, theme=theme, offline=True) as page:
        for name in PAGES:
            page.goto((site / f"{name}.html").as_uri())
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.wait_for_load_state("networkidle")  # explorers in view come late
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            assert page.problems == [], name


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(site, browser, width):
    with opened(browser, width) as page:
        for name in PAGES:
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate(NO_CUTTING) == [], name
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, name


# Of each displayed formula, in pixels: how far its parts lie apart, and their lines from one
# another, how much of it is lost at the left, and how far it goes on where it cannot be scrolled.
FORMULAS = """() => [...document.querySelectorAll(".katex-display .katex-html")].map((formula) => {
  const parts = [...formula.querySelectorAll(":scope > .base")];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const lines = parts.map((part) => {
    const strut = part.querySelector(".strut");
    const size = parseFloat(getComputedStyle(part).fontSize);
    return strut.getBoundingClientRect().bottom + parseFloat(strut.style.verticalAlign || 0) * size;
  });
  const outside = formula.closest("p, li, td, div.math").getBoundingClientRect();
  formula.scrollLeft = 1e6;
  const end = boxes.length ? parts.at(-1).getBoundingClientRect().right : outside.right;
  formula.scrollLeft = 0;
  const number = formula.closest(".equation")?.querySelector(".number");
  return {
    text: formula.textContent.slice(0, 40),
    gap: Math.max(0, ...boxes.slice(1).map((box, i) => box.left - boxes[i].right)),
    tilt: Math.max(...lines) - Math.min(...lines),
    lost: outside.left - boxes[0].left,
    beyond: end - outside.right,
    offScreen: Math.max(-outside.left, outside.right - innerWidth),
    toNumber: number ? number.getBoundingClientRect().left - outside.right : 1,
  };
})"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", run.NOTEBOOKS)
def test_formulas_are_whole_on_one_line_and_their_numbers_beside_them(site, browser, name, width):
    with opened(browser, width) as page:
        page.goto((site / "notebooks" / f"{name}.html").as_uri())
        page.evaluate("document.fonts.ready")
        formulas = page.evaluate(FORMULAS)
        assert formulas
        for formula in formulas:
            assert formula["gap"] < 40, formula  # the widest space in them is two em
            assert formula["tilt"] < 1, formula
            assert formula["lost"] < 1, formula
            assert formula["beyond"] < 1, formula
            assert formula["offScreen"] <= 0, formula
            assert formula["toNumber"] > 0, formula


def test_no_light_ground_lies_behind_figures_and_explorers_of_a_dark_page(site, browser):
    ground = """(selector) => [...document.querySelectorAll(selector)].map(
      (element) => getComputedStyle(element).backgroundColor)"""
    with opened(browser, theme="dark") as page:
        page.goto((site / "notebooks" / "04_manifold.html").as_uri())
        for selector in ("article img", "article .output.text_html", ".explorer"):
            grounds = page.evaluate(ground, selector)
            assert len(grounds) > 3
            assert set(grounds) == {"rgba(0, 0, 0, 0)"}, selector


def found_by(page, site, words):
    """Search for words, and return the links that are found."""
    page.goto((site / "index.html").as_uri(), wait_until="networkidle")
    page.keyboard.press("Control+K")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results .search-summary:has-text('found')")
    return page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")


def test_the_search_works_from_disk_and_leads_to_the_words(site, browser):
    with opened(browser, offline=True) as page:
        found = found_by(page, site, "reparameterisation")
        (theory,) = [address for address in found if "02_vae_theory.html" in address]
        page.goto(theory)
        page.wait_for_function("scrollY > 1000")
        assert page.problems == []
        first, second, *_ = found_by(page, site, "attention")
        assert "01_transformers" in first
        assert "/api/" not in second, "names of the code come after lessons"
        american = found_by(page, site, "reparameterization")
        (theory,) = [address for address in american if "02_vae_theory.html" in address]
        page.goto(theory)
        page.wait_for_function("scrollY > 1000")
        assert [each.split("#")[0] for each in american] == [each.split("#")[0] for each in found]


def test_the_magnifier_lies_on_no_word(site, browser):
    for width in WIDTHS:
        with opened(browser, width, offline=True) as page:
            page.goto((site / "search.html?q=latent").as_uri().replace("%3F", "?"))
            gap = page.evaluate("""() => {
              const inputs = [...document.querySelectorAll(".bd-search input")];
              const input = inputs.find((each) => each.clientWidth);
              const icon = input.parentElement.querySelector("i, svg").getBoundingClientRect();
              const box = input.getBoundingClientRect();
              return box.left + parseFloat(getComputedStyle(input).paddingLeft) - icon.right;
            }""")
            assert gap >= 0, width


def test_a_word_explains_itself_on_hover_and_on_focus(site, browser):
    with opened(browser, width=390) as page:
        page.goto((site / "notebooks" / "02_vae_theory.html").as_uri())
        word = page.locator("a.term").first
        word.scroll_into_view_if_needed()
        for show, hide in ((word.hover, lambda: page.mouse.move(0, 0)), (word.focus, word.blur)):
            show()
            tip = page.wait_for_selector(".term-tooltip.show")
            assert len(tip.inner_text()) > 30
            box = tip.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            hide()
            page.wait_for_selector(".term-tooltip", state="detached")


def test_a_first_tap_explains_a_word_and_a_second_follows_it(site, browser):
    with opened(browser, 390, offline=True, has_touch=True) as page:
        page.goto((site / "notebooks" / "02_vae_theory.html").as_uri())
        word = page.locator("a.term").first
        word.scroll_into_view_if_needed()
        word.tap()
        assert len(page.wait_for_selector(".term-tooltip.show").inner_text()) > 30
        assert "02_vae_theory" in page.url
        word.tap()
        page.wait_for_url("**/docs/glossary.html#*")


def test_the_drawer_closes_once_a_place_is_chosen(site, browser):
    with opened(browser, 390, offline=True, has_touch=True) as page:
        page.goto((site / "notebooks" / "02_vae_theory.html").as_uri())
        page.locator(".secondary-toggle").tap()
        drawer = page.locator("#pst-secondary-sidebar-modal")
        drawer.locator("a[href^='#']").nth(5).tap()
        assert not drawer.is_visible()
        assert page.evaluate("scrollY") > 500


def test_the_contents_mark_the_section_in_view_after_a_jump_too(site, browser):
    with opened(browser, 1400, offline=True) as page:
        page.goto((site / "notebooks" / "04_manifold.html").as_uri())
        for anchor in ("worst", "gap", "estimators"):
            page.evaluate(f"document.getElementById('{anchor}').scrollIntoView()")
            page.wait_for_timeout(500)
            marked = page.locator("#pst-page-toc-nav a.active")
            assert marked.count() == 1
            assert marked.get_attribute("href") == f"#{anchor}"


def test_code_can_be_copied(site, browser):
    with opened(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto((site / "notebooks" / "03_vae_train.html").as_uri())
        cell = page.locator(".cell_input").first
        cell.hover()
        cell.locator("button.copybtn").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == cell.locator("pre").inner_text().strip()


def test_paper_is_white_and_what_is_folded_is_open(site, browser):
    state = """() => ({
      theme: document.documentElement.dataset.theme,
      folded: document.querySelectorAll("article details:not(.evidence, [open])").length,
      away: document.querySelectorAll("article a[href$='.html'], article a[href*='.html#']").length,
    })"""
    with opened(browser, theme="dark") as page:
        page.goto((site / "notebooks" / "04_manifold.html").as_uri())
        before = page.evaluate(state)
        assert before["folded"] > 10
        assert before["away"] > 10
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(state) == {"theme": "light", "folded": 0, "away": 0}
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(state) == before


EXPLORER_WIDTHS = (360, 800, 1280, 1366, 1600)
# All that is seen of an explorer: words, pictures, curves, and where its controls stand.
LOOKS = """(root) => [
  root.innerText,
  ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
  ...[...root.querySelectorAll("svg")].map((svg) => svg.outerHTML),
  ...[...root.querySelectorAll("img")].map((img) => img.style.cssText),
  ...[...root.querySelectorAll("input, select")].map((control) => control.value),
].join()"""


@pytest.mark.parametrize("width", EXPLORER_WIDTHS)
def test_every_explorer_of_the_page_is_alive_and_fits(site, browser, width):
    with opened(browser, width, offline=True) as page:
        page.goto((site / "explore.html").as_uri())
        for place in page.locator("[data-explorer]").all():
            box = live(page, place).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["height"] > 100
        assert page.evaluate(NO_CUTTING) == []
        assert page.problems == []


@pytest.mark.parametrize("how", ["keyboard", "mouse", "touch"])
def test_every_explorer_moves(site, browser, how):
    with opened(browser, 390, offline=True, has_touch=how == "touch") as page:
        page.goto((site / "explore.html").as_uri())
        for place in page.locator("[data-explorer]").all():
            drawn = live(page, place)
            before = drawn.evaluate(LOOKS)
            control = drawn.locator("input[type=range], textarea").first
            control.scroll_into_view_if_needed()
            box = control.bounding_box()
            at = {"x": 0.3 * box["width"], "y": 0.5 * box["height"]}
            if control.evaluate("(element) => element.tagName") == "TEXTAREA":
                control.fill("meet you at 1 pm")
            elif how == "keyboard":
                control.focus()
                at_its_least = control.evaluate("(slider) => slider.value === slider.min")
                control.press("ArrowRight" if at_its_least else "ArrowLeft")
            elif how == "mouse":
                control.click(position=at)
            else:
                control.tap(position=at)
            page.wait_for_function(
                f"([root, before]) => ({LOOKS})(root) != before",
                arg=[drawn.element_handle(), before],
            )
        assert page.problems == []


@pytest.mark.parametrize("name", run.NOTEBOOKS)
def test_explorers_of_a_notebook_are_alive_in_their_places(site, browser, name):
    with opened(browser, offline=True) as page:
        page.goto((site / "notebooks" / f"{name}.html").as_uri())
        places = page.locator("[data-explorer]").all()
        assert places
        for place in places:
            live(page, place)
        assert page.problems == []


def test_an_explorer_begins_as_its_place_says(site, browser):
    with opened(browser, offline=True) as page:
        page.goto((site / "notebooks" / "01_transformers_theory.html").as_uri())
        drawn = live(page, page.locator("[data-explorer]").first)
        assert drawn.locator("input[type=text]").input_value() == "board"
        assert drawn.get_by_label("additive (Bahdanau)").is_checked()


def test_an_explorer_that_cannot_be_loaded_says_so(site, browser):
    with opened(browser) as page:
        page.route("**/explorers/*.js", lambda route: route.abort())
        page.goto((site / "explore.html").as_uri())
        place = page.locator("[data-explorer]").first
        page.wait_for_function(
            "document.querySelector('[data-explorer]').innerText.includes('reload')"
        )
        assert place.inner_text().startswith("This explorer could not be loaded")


# Before the check: the boxes of formulas go, which are hidden from readers, who get MathML instead;
# on pages with much code its colours go, too, because all pages colour code alike.
LIGHTEN = """(much) => {
  document.querySelectorAll(".katex-html").forEach((boxes) => boxes.remove());
  if (much) document.querySelectorAll("pre").forEach((code) => code.textContent = code.textContent);
}"""
AXE = """async (options) => {
  const found = { resultTypes: ["violations"], ...options };
  return (await axe.run(document, found)).violations;
}"""
COLOURS = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(site, browser, axe, theme):
    """What does not depend on colours is the same in the dark."""
    with opened(browser, theme=theme, offline=True) as page:
        for name in PAGES:
            page.goto((site / f"{name}.html").as_uri())
            for place in page.locator("[data-explorer]").all():
                live(page, place)
            page.evaluate(LIGHTEN, name.startswith("notebooks/"))
            page.evaluate(axe)
            found = page.evaluate(AXE, {} if theme == "light" else COLOURS)
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in serious] == [], name


class Zipped(http.server.SimpleHTTPRequestHandler):
    """A server that sends text packed, as servers do, and counts the bytes."""

    sent = 0

    def do_GET(self):
        path = self.translate_path(self.path)
        with open(path, "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if path.endswith((".html", ".css", ".js")):
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Zipped.sent += len(body)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def address(site):
    """The address of a server of the site."""
    handler = partial(Zipped, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", PAGES)
def test_the_first_screen_is_light(address, browser, name):
    """All that is sent until nothing more is asked for, without scrolling."""
    Zipped.sent = 0
    with opened(browser) as page:
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        assert page.problems == []
    assert 50_000 < Zipped.sent < FIRST_SCREEN
