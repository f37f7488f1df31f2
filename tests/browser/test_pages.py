"""The explorers in a page without a kernel, opened from disk: they fit, move, and can be heard."""

import pytest

from vaehelpers.explorers import pages
from vaehelpers.series.pages import PAGES

WIDTHS = (360, 800, 1280, 1366, 1600)
OUTSIDE = """() => [...document.querySelectorAll(".vx, .vx *")]
  .filter((e) => !e.closest(".vx-unseen, svg, .vx-film"))
  .map((e) => [e.tagName + "." + e.className, e.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.left < -0.5 || box.right > innerWidth + 0.5))
  .map(([name]) => name)"""
HIDDEN = """() => [...document.querySelectorAll(".vx input, .vx button, .vx select")]
  .filter((e) => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 10)
  .map((e) => e.outerHTML)"""
NAMELESS = """() => [...document.querySelectorAll(".vx :is(input, select, textarea, [role=img])")]
  .filter((e) => !e.labels?.length && !e.getAttribute("aria-label")).map((e) => e.outerHTML)"""

LOSS = "Number(document.querySelectorAll('#bound dd')[3].innerText.split(' ')[0])"


@pytest.fixture(scope="module")
def address(tmp_path_factory, fashion):
    """A page with all explorers, on disk."""
    made = {name: (kind, make(fashion)) for name, (kind, make) in PAGES.items()}
    places = "".join(f'<h2>{name}</h2><div id="{name}"></div>' for name in made)
    starts = "\n".join(
        f'modules.mounts.mount("{kind}", document.getElementById("{name}"), '
        f"{pages.as_javascript(given)});"
        for name, (kind, given) in made.items()
    )
    path = tmp_path_factory.mktemp("pages") / "a page.html"
    path.write_text(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Explorers</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>:root {{ color-scheme: light dark }} {pages.style()}</style></head>"
        f"<body><main><h1>Explorers</h1>{places}</main>"
        f"<script>{pages.script()}\n{starts}</script></body></html>",
        encoding="utf-8",
    )
    return path.as_uri()


@pytest.fixture
def open_at(browser, address):
    """A function that opens the page; nothing may go wrong on it, and nobody may be asked."""
    opened, problems = [], []

    def open_page(width=1280, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                request.url.startswith(("file:", "data:", "blob:")) or problems.append(request.url)
            ),
        )
        page.goto(address)
        page.wait_for_selector("#walk .vx[data-frames]")
        opened.append(context)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert problems == []


@pytest.mark.parametrize("width", WIDTHS)
def test_explorers_fit_at_every_width(open_at, width):
    page = open_at(width)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(HIDDEN) == []


def test_everything_has_a_name(open_at):
    assert open_at().evaluate(NAMELESS) == []


def test_the_map_moves_by_mouse_touch_and_keyboard(open_at):
    page = open_at(390, has_touch=True)
    values = "[...document.querySelectorAll('#walk input[type=range]')].map((e) => Number(e.value))"
    assert page.evaluate(values) == [50, 50]
    surface = page.locator("#walk .vx-map")
    box = surface.bounding_box()
    surface.click(position={"x": 0.2 * box["width"], "y": 0.3 * box["height"]})
    assert page.evaluate(values) == pytest.approx([20, 70], abs=1)
    surface.tap(position={"x": 0.6 * box["width"], "y": 0.9 * box["height"]})
    assert page.evaluate(values) == pytest.approx([60, 10], abs=1)
    across, up = page.evaluate(values)
    surface.press("ArrowRight")
    surface.press("Shift+ArrowUp")
    assert page.evaluate(values) == [across + 1, up + 10]


def test_a_slider_says_its_value(open_at):
    slider = open_at().get_by_role("slider", name="mean of q")
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "1.1"


def test_a_drawn_stroke_costs_bits_and_moves_the_code(open_at):
    page = open_at()
    cost = page.locator("#bound dd").nth(3)
    before = float(cost.inner_text().split()[0])
    canvas = page.locator("#bound canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 5, steps=10)
    page.mouse.up()
    page.wait_for_function(
        f"before => {LOSS} > before + 200",
        arg=before,
    )
    assert "not known" in page.locator("#bound dd").nth(4).inner_text()
    page.get_by_label("image", exact=True).select_option(index=1)
    page.wait_for_function(
        f"before => {LOSS} == before",
        arg=before,
    )


def test_a_hidden_letter_changes_what_is_written(open_at):
    page = open_at()
    said = page.locator("#attention .vx-text").first
    assert said.inner_text() == "keyboards → sdraobyek (9 of 9 letters right)."
    page.locator("#attention").get_by_label("hide y").first.click()
    assert "9 of 9" not in said.inner_text()
    page.get_by_label("word").fill("Boot, shelf!")
    assert said.inner_text().startswith("bootshelf → ")
    page.get_by_label("word").fill("42")
    assert said.inner_text() == "Type a word of the letters a to z."


def test_an_explorer_is_found_where_it_was_left(open_at):
    page = open_at()
    page.get_by_role("slider", name="mean of q").fill("2.5")
    page.reload()
    page.wait_for_selector("#gaussians .vx")
    assert page.get_by_role("slider", name="mean of q").input_value() == "2.5"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_at, scheme, axe):
    page = open_at(scheme=scheme)
    page.evaluate(axe)
    found = page.evaluate("axe.run('.vx').then((result) => result.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
