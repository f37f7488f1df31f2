"""The site's explorers, used as people use them: by finger, by keyboard, back and forth."""

import pytest
from site_pages import live, opened

NAMES_ON_CELLS = """(root) => [...root.querySelectorAll("th[scope=row]")].filter((name) => {
  const words = document.createRange();
  words.selectNodeContents(name);
  const cell = name.nextElementSibling.getBoundingClientRect();
  return words.getBoundingClientRect().right > cell.left;
}).length"""


@pytest.fixture
def explore(site, browser):
    """Open the page of all explorers, with a finger or without: a function that finds one."""
    contexts = []

    def open_one(name, width=1366, **options):
        context = opened(browser, width, offline=True, **options)
        page = context.__enter__()
        contexts.append(context)
        page.goto((site / "explore.html").as_uri())
        return page, live(page, page.locator(f"#explore-{name}"))

    yield open_one
    for context in contexts:
        context.__exit__(None, None, None)


def test_a_tap_on_a_weight_says_its_numbers_and_they_stay(explore):
    page, drawn = explore("attention", 390, has_touch=True)
    cell = drawn.locator("td[data-text]").nth(4)
    cell.tap()
    page.wait_for_timeout(300)
    assert drawn.locator("[role=status]").inner_text() == cell.get_attribute("data-text")
    assert "score" in cell.get_attribute("data-text")


def test_numbers_of_weights_are_reached_by_arrows_and_so_are_letters_to_hide(explore):
    page, drawn = explore("attention")
    table = drawn.locator("table").first
    table.locator("td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    second = table.locator("tr").nth(2).locator("td").nth(1)
    assert drawn.locator("[role=status]").inner_text() == second.get_attribute("data-text")
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "hide" in table.locator("button[aria-pressed=true]").get_attribute("aria-label")
    assert (
        drawn.locator("button, td").evaluate_all(
            "all => all.filter((each) => each.tabIndex === 0).length"
        )
        <= 2 * drawn.locator("table").count()
    )


def test_scores_are_shown_where_weights_were_and_a_mask_hides_them(explore):
    _, drawn = explore("attention")
    drawn.get_by_label("decoder, masked self").check()
    assert drawn.locator("td.vx-masked").count() == 0
    drawn.get_by_label("scores").check()
    letters = len("keyboards")
    assert drawn.locator("td.vx-masked").count() == 4 * letters * (letters - 1) / 2


def test_what_a_word_cannot_have_is_said(explore):
    _, drawn = explore("attention")
    said = drawn.locator(".vx-text").first
    drawn.locator("input[type=text]").fill("board")
    assert "Read are" not in said.inner_text()
    drawn.locator("input[type=text]").fill("\u00e9t\u00e9 \U0001f600")
    assert "Read are the letters a to z" in said.inner_text()
    drawn.get_by_label("two nearest on each side").check()
    drawn.get_by_label("additive (Bahdanau)").check()
    assert "takes no mask" in said.inner_text()
    assert drawn.get_by_label("past and present").is_disabled()


def test_names_of_rows_lie_beside_the_cells(explore):
    for width in (390, 1366):
        _, drawn = explore("attention", width)
        for kind in ("decoder, cross", "additive (Bahdanau)"):
            drawn.get_by_label(kind).check()
            over = drawn.evaluate(NAMES_ON_CELLS)
            assert over == 0, (width, kind)


def test_a_drawing_is_still_there_after_another_image_was_looked_at(explore):
    page, drawn = explore("bound")
    picture = "(root) => root.querySelector('canvas').toDataURL()"
    drawn.locator("canvas").first.click(position={"x": 40, "y": 40})
    page.wait_for_timeout(200)
    mine = drawn.evaluate(picture)
    choose = drawn.locator("select")
    choose.select_option("3")
    page.wait_for_timeout(200)
    assert drawn.evaluate(picture) != mine
    choose.select_option("")
    page.wait_for_timeout(200)
    assert drawn.evaluate(picture) == mine


def test_one_can_draw_by_keyboard(explore):
    page, drawn = explore("bound")
    drawn.get_by_role("button", name="blank page").click()
    loss = drawn.locator("dd").nth(3)
    before = loss.inner_text()
    drawn.get_by_role("application").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_function(
        "([dd, before]) => dd.innerText != before", arg=[loss.element_handle(), before]
    )


def test_a_map_that_only_shows_takes_no_focus(explore):
    _, drawn = explore("bound")
    assert drawn.locator(".vx-map").get_attribute("tabindex") is None
    assert drawn.get_by_role("application").count() == 1


def test_a_pixel_can_be_chosen_by_keyboard(explore):
    page, drawn = explore("walk")
    bars = drawn.locator(".vx-bars")
    before = bars.get_attribute("aria-label")
    drawn.get_by_role("application").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "([bars, before]) => bars.getAttribute('aria-label') != before",
        arg=[bars.element_handle(), before],
    )
    assert "(14, 13)" in bars.get_attribute("aria-label")


def test_sliders_of_many_latents_are_named_in_the_line_below(explore):
    page, drawn = explore("active")
    slider = drawn.locator("input[type=range]").first
    name = drawn.locator("label").first.inner_text().split(" ")[0]
    slider.press("End")
    page.wait_for_timeout(200)
    assert f"{name} = 3.00" in drawn.locator("[role=status]").inner_text()


def test_the_map_of_a_phone_is_as_wide_as_the_phone(explore):
    _, drawn = explore("walk", 390, has_touch=True)
    assert drawn.locator(".vx-map").bounding_box()["width"] > 340


def test_the_filter_says_when_it_has_nothing_to_go_by(explore):
    _, drawn = explore("spam")
    drawn.locator("textarea").fill("\u041f\u0440\u0438\u0432\u0435\u0442")
    drawn.get_by_text("nothing to go by").wait_for()
    assert not drawn.locator(".vx-chance").is_visible()
