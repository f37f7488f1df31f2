"""The built site in a real browser: opened from disk, and as a server sends it."""

import gzip
import http.server
import threading
from contextlib import contextmanager
from functools import partial

import pytest

from vaehelpers.series import run

PAGES = [
    "index",
    "explore",
    *(f"notebooks/{name}" for name in run.NOTEBOOKS),
    "docs/answers",
    "docs/glossary",
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


@contextmanager
def opened(browser, width=1400, theme="light", **options):
    """Yield an empty page without a network that notes in `problems` what goes wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, **options
    )
    page = context.new_page()
    page.problems = []

    def note_message(message):
        if message.type in ("error", "warning"):
            page.problems.append(message.text)

    def note_request(request):
        if not request.url.startswith(("file:", "data:", "http://127.0.0.1:")):
            page.problems.append(request.url)

    page.on("console", note_message)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", note_request)
    page.on("requestfailed", lambda request: page.problems.append(f"failed: {request.url}"))
    yield page
    context.close()


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


def test_numbers_of_equations_stand_beside_them(site, browser):
    beside = """() => [...document.querySelectorAll(".equation .tag")].map((tag) => {
      const last = [...tag.parentElement.querySelectorAll(":scope > .base")].at(-1);
      return tag.getBoundingClientRect().left - last.getBoundingClientRect().right;
    })"""
    for width in WIDTHS:
        with opened(browser, width) as page:
            page.goto((site / "notebooks" / "02_vae_theory.html").as_uri())
            distances = page.evaluate(beside)
            assert len(distances) > 15
            assert min(distances) >= 0


def test_no_light_ground_lies_behind_figures_and_explorers_of_a_dark_page(site, browser):
    ground = """(selector) => [...document.querySelectorAll(selector)].map(
      (element) => getComputedStyle(element).backgroundColor)"""
    with opened(browser, theme="dark") as page:
        page.goto((site / "notebooks" / "04_manifold.html").as_uri())
        for selector in ("article img", "article .output.text_html", ".explorer"):
            grounds = page.evaluate(ground, selector)
            assert len(grounds) > 3
            assert set(grounds) == {"rgba(0, 0, 0, 0)"}, selector


def test_the_search_works_from_disk(site, browser):
    with opened(browser, offline=True) as page:
        page.goto((site / "index.html").as_uri())
        page.keyboard.press("Control+K")
        page.keyboard.type("reparameterisation")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a")
        found = page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")
        assert any("02_vae_theory.html" in address for address in found)
        page.click("#search-results li a")
        page.wait_for_selector("article h1")
        assert page.problems == []


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


def live(page, place):
    """Scroll to an explorer's place, and return what is drawn there once it is."""
    place.scroll_into_view_if_needed()
    drawn = place.locator(".vx")
    drawn.wait_for()
    return drawn


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(site, browser, axe, theme):
    with opened(browser, theme=theme, offline=True) as page:
        for name in PAGES:
            page.goto((site / f"{name}.html").as_uri())
            for place in page.locator("[data-explorer]").all():
                live(page, place)
            page.evaluate(axe)
            found = page.evaluate("axe.run().then((result) => result.violations)")
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
