"""What moves, in a real browser.

That is the explorers of notebook 04, and the live run of notebook 03.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from lab import IDLE, jupyterlab, run_all

from vaehelpers import CLASSES, load_published
from vaehelpers.explorers import frames, walk
from vaehelpers.vae import latent

ROOT = Path(__file__).parents[2]
CANVAS = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, 28, 28);
  return Array.from(pixels.data).filter((_, i) => i % 4 == 0);
}"""
IMAGE = """async image => {
  const bitmap = await createImageBitmap(await (await fetch(image.src)).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return Array.from(pixels.data).filter((_, i) => i % 4 == 0);
}"""
THREE_DRAWN = "document.querySelectorAll('.vx[data-frames]').length == 3"
CHANGED = "before => document.querySelector('img.widget-image').src != before"


def open_page(browser):
    """Open a page that notes what goes wrong.

    `page.problems` are errors on its console, what anywidget warns of there, and addresses of other
    machines that it asked for.
    """
    page = browser.new_page(viewport={"width": 1500, "height": 1100})
    page.set_default_timeout(120_000)
    page.problems = []

    def note_message(message):
        if message.type == "error" or "anywidget" in message.text:
            page.problems.append(message.text)

    def note_request(request):
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
            page.problems.append(request.url)

    page.on("console", note_message)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", note_request)
    return page


@pytest.fixture
def page(browser):
    """A page of its own for a test."""
    page = open_page(browser)
    yield page
    page.close()


def outputs_of(page, kind):
    """Return how many outputs of a kind, `stderr` or `error`, a notebook shows."""
    mime = f"application/vnd.jupyter.{kind}"
    return page.locator(f".jp-OutputArea-output[data-mime-type='{mime}']").count()


class Explorers:
    """The explorers over two latents on a page of notebook 04, and what they should show."""

    def __init__(self, page):
        self.page = page
        self.model, _ = load_published(2, 80)
        self.path = walk.over_prior(self.model)

    def slider(self, name: str) -> float:
        """Return the value that a slider shows."""
        return float(self.page.locator(f".{name} .widget-readout").inner_text())

    def stand_at(self, places: dict[str, float], within: float = 0) -> bool:
        """Return whether, in a few seconds, sliders show these values."""
        for _ in range(50):
            if all(abs(self.slider(name) - value) <= within for name, value in places.items()):
                return True
            self.page.wait_for_timeout(100)
        return False

    def press(self, name: str, key: str, times: int) -> None:
        """Press an arrow key on a slider's handle."""
        self.page.locator(f".{name} .noUi-handle").focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def picture_at(self, z: torch.Tensor) -> np.ndarray:
        """Return the mean picture at z, as greys of 784 pixels."""
        return frames.greys(frames.chances(self.model, z), "mean").ravel()

    def expected(self, name: str = "prior") -> np.ndarray:
        """Return the picture where the sliders of an explorer stand."""
        values = [self.slider(f"{name}-{i}") for i in (0, 1)]
        return self.picture_at(self.path.latents(values))

    def on_canvas(self) -> np.ndarray:
        """Return what the page tier's canvas shows."""
        return np.array(self.page.locator(".vx-picture").first.evaluate(CANVAS))

    def from_kernel(self) -> np.ndarray:
        """Return what the kernel tier's image shows, and under its mark what should be there."""
        cell = self.page.locator(".jp-CodeCell", has=self.page.locator(".kernel-0"))
        values = cell.locator(".widget-image").first.evaluate(IMAGE)
        frame = np.array(values).reshape(280, -1)
        shown = frame[5::10, 295:570:10].copy()
        under_the_mark = slice(13, 16), slice(13, 16)
        shown[under_the_mark] = self.expected("kernel").reshape(28, 28)[under_the_mark]
        return shown.ravel()

    def settle(self, shown, expected) -> bool:
        """Return whether, in a few seconds, what is shown is within a grey level of expected."""
        for _ in range(50):
            if np.abs(shown() - expected()).max() <= 1:
                return True
            self.page.wait_for_timeout(100)
        return False


def shortened(name, parameters, last, folder):
    """Write a notebook as far as its first cell with the text `last`; return the copy's path.

    The parameters get another line.
    """
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    end = next(i for i, cell in enumerate(notebook.cells) if last in cell.source)
    del notebook.cells[end + 1 :]
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source += f"\n{parameters}"
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def notebook_04(browser, tmp_path_factory):
    """Notebook 04 run in JupyterLab with little to compute, once for all tests of it."""
    page, folder = open_page(browser), tmp_path_factory.mktemp("lab")
    little = 'data, grid_size, exact_images = "drawn", 2, 6'
    notebook = shortened("04_manifold", little, "explorer=by_the_kernel", folder)
    with jupyterlab(folder, notebook) as address:
        run_all(page, address)
        page.wait_for_function(THREE_DRAWN, timeout=600_000)
        yield Explorers(page)
        page.close()  # before the server ends, which would wait for the page


@pytest.fixture
def explorers(notebook_04):
    """The explorers of notebook 04, put back to the start; nothing may go wrong on their page."""
    page = notebook_04.page
    page.locator(".vae-reset").first.click()
    assert notebook_04.stand_at({"prior-0": 50, "prior-1": 50})
    yield notebook_04
    assert outputs_of(page, "stderr") == 0
    assert outputs_of(page, "error") == 0
    assert page.problems == []


def test_the_picture_is_there_at_once(explorers):
    assert explorers.stand_at({"prior-0": 50, "prior-1": 50})
    assert explorers.settle(explorers.on_canvas, explorers.expected)


def test_the_picture_follows_a_slider_that_is_dragged(explorers):
    page, handle = explorers.page, explorers.page.locator(".prior-0 .noUi-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 5, steps=10)
    page.mouse.up()
    assert explorers.slider("prior-0") > 60
    assert explorers.settle(explorers.on_canvas, explorers.expected)


def test_the_picture_follows_the_arrow_keys(explorers):
    explorers.press("prior-1", "ArrowDown", 12)
    assert explorers.stand_at({"prior-1": 38})
    assert explorers.settle(explorers.on_canvas, explorers.expected)


def test_the_sliders_follow_a_click_and_keys_on_the_map(explorers):
    page = explorers.page
    surface = page.locator(".vx-map").first
    box = surface.bounding_box()
    surface.click(position={"x": 0.2 * box["width"], "y": 0.3 * box["height"]})
    assert explorers.stand_at({"prior-0": 20, "prior-1": 70}, within=1)
    before = explorers.slider("prior-0")
    page.keyboard.press("ArrowRight")
    assert explorers.stand_at({"prior-0": before + 1})
    assert explorers.settle(explorers.on_canvas, explorers.expected)


def test_an_image_that_is_looked_up_is_shown_at_its_code(explorers, drawn):
    page = explorers.page
    number = drawn.test.labels.tolist().index(CLASSES.index("Trouser"))
    page.locator(".widget-text input").first.fill(str(number))
    page.keyboard.press("Enter")
    page.locator(".vae-encode").first.click()
    codes, _ = latent.encode(explorers.model, drawn.test.images[number : number + 1])
    exact = explorers.picture_at(codes[0])
    assert explorers.settle(explorers.on_canvas, lambda: exact)


def test_the_kernel_draws_the_same_pictures(explorers):
    explorers.press("kernel-0", "ArrowLeft", 20)
    assert explorers.stand_at({"kernel-0": 30})
    assert explorers.settle(explorers.from_kernel, lambda: explorers.expected("kernel"))


def test_sliders_have_names_and_say_their_values(explorers):
    handles = explorers.page.locator(".noUi-handle")
    names = [handles.nth(i).get_attribute("aria-label") for i in range(handles.count())]
    assert len(names) > 10
    assert None not in names
    explorers.press("prior-0", "ArrowRight", 1)
    said = explorers.page.locator(".prior-0 .noUi-handle[aria-valuetext='51']")
    said.wait_for()


def test_keys_that_are_pressed_in_an_explorer_do_not_reach_the_notebook(explorers):
    page = explorers.page
    cells = page.locator(".jp-Cell").count()
    for place in (".vx-map", ".prior-0 .noUi-handle", ".kernel-0 .noUi-handle"):
        page.locator(place).first.focus()
        for key in ("a", "b", "x"):
            page.keyboard.press(key)
    page.wait_for_timeout(500)
    assert page.locator(".jp-Cell").count() == cells


@pytest.fixture
def live(tmp_path):
    """Notebook 03 up to its live run, made long, of the stand-in pictures."""
    long = 'data, epochs, train_images = "drawn", 2000, 500'
    return shortened("03_vae_train", long, "until_interrupted", tmp_path)


def test_the_stop_button_ends_the_live_run_and_running_the_cell_again_goes_on(page, live, tmp_path):
    with jupyterlab(tmp_path, live) as address:
        run_all(page, address)
        cell, curve = page.locator(".jp-CodeCell").last, page.locator("img.widget-image")
        curve.wait_for(timeout=300_000)

        def rows_when_stopped():
            before = curve.get_attribute("src")
            for _ in range(3):  # let the curve grow
                page.wait_for_function(CHANGED, arg=before)
                before = curve.get_attribute("src")
            page.click('[data-command="notebook:interrupt-kernel"]')
            page.wait_for_function(IDLE, timeout=120_000)
            cell.locator(".jp-OutputArea-output").get_by_text("Your network:").wait_for()
            return re.findall(r"^ +\d+  +\d\.\d{3} .*$", cell.inner_text(), re.MULTILINE)

        first = rows_when_stopped()
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        second = rows_when_stopped()
        assert 0 < len(first) < len(second) < 2001
        assert second[: len(first)] == first, "nothing of the first part is lost"
        assert [int(row.split()[0]) for row in second] == list(range(len(second)))
        assert outputs_of(page, "error") == 0
    assert page.problems == []
