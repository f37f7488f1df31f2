"""What moves, in a real browser: page.js against PyTorch, the explorers of notebook 04, the live run of notebook 03."""

import base64
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from lab import FLAGS, IDLE, chromium, jupyterlab, run_all

from vaehelpers import checkpoint, latent, walk
from vaehelpers import page as page_tier
from vaehelpers.data import CLASSES

ROOT = Path(__file__).parents[2]
PICTURES = """async ([source, layers, weights, noise, places, view]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const {decoder, softmax, greys} = await import(url);
  const bytes = Uint8Array.from(atob(weights), (c) => c.charCodeAt(0));
  const decode = decoder(layers, new DataView(bytes.buffer));
  return places.map((z) => Array.from(greys(softmax(decode(z), 16), 16, view, noise)));
}"""
CANVAS = """canvas => {
  return Array.from(canvas.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 == 0);
}"""
IMAGE = """async image => {
  const bitmap = await createImageBitmap(await (await fetch(image.src)).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return Array.from(context.getImageData(0, 0, bitmap.width, bitmap.height).data).filter((_, i) => i % 4 == 0);
}"""


@pytest.fixture(scope="session")
def browser():
    """A headless browser of the system; the tests are skipped where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the package playwright is not installed"
    )
    path = chromium()
    if not path:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as engine:
        running = engine.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """A page that notes what goes wrong: `page.problems` are errors on its console, and requests that left."""
    page = browser.new_page(viewport={"width": 1500, "height": 1100})
    page.set_default_timeout(30_000)
    page.problems = []
    page.on(
        "console",
        lambda message: page.problems.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on(
        "request",
        lambda request: None if _stays(request.url) else page.problems.append(request.url),
    )
    yield page
    page.close()


def _stays(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))


@pytest.mark.parametrize("z_dim", [2, 20])
def test_the_page_decodes_as_pytorch_does(page, z_dim):
    vae, _ = checkpoint.load(checkpoint.published(z_dim, 80))
    places = latent.manifold_latents(8)
    if z_dim > 2:
        places = torch.randn(64, z_dim, generator=torch.Generator().manual_seed(0))
    layers, weights = page_tier.layers(vae.decoder)
    page.goto("about:blank")
    for view in walk.VIEWS:
        found = page.evaluate(
            PICTURES,
            [
                (ROOT / "vaehelpers" / "page.js").read_text(),
                layers,
                base64.b64encode(weights).decode(),
                walk.noise().flatten().tolist(),
                places.tolist(),
                view,
            ],
        )
        expected = np.array([walk.greys(walk.chances(vae, z), view).ravel() for z in places])
        apart = np.abs(np.array(found) - expected)
        if view == "mean":
            assert apart.max() <= 1, "one part in 255"
        else:  # 16-bit weights may tip a tie between two levels
            assert (apart > 0).mean() < 0.005
    assert page.problems == []


@pytest.fixture
def lab(page, tmp_path):
    """The page, with notebook 04 run in JupyterLab."""
    with jupyterlab(tmp_path, ROOT / "notebooks" / "04_manifold.ipynb") as address:
        run_all(page, address)
        page.wait_for_function(
            "document.querySelectorAll('.vae-page[data-frames]').length == 3", timeout=600_000
        )
        yield page


def slide(page, name):
    """Return the value that a slider shows."""
    return float(page.locator(f".{name} .widget-readout").inner_text())


def settled(page, shown, expected):
    """Return whether within a few seconds what is shown comes within one grey level of what is expected."""
    for _ in range(50):
        if np.abs(np.array(shown()) - expected()).max() <= 1:
            return True
        page.wait_for_timeout(100)
    return False


def test_notebook_04_in_jupyterlab(lab, fashion):
    page, (vae, _) = lab, checkpoint.load(checkpoint.published(2, 80))
    path = walk.over_prior(vae, fashion.test.images)
    picture = page.locator(".vae-picture").first

    def decoded(name="prior", origin=None):
        values = [slide(page, f"{name}-{i}") for i in (0, 1)]
        return walk.greys(walk.chances(vae, path.latents(values, origin)), "mean").ravel()

    def canvas():
        return picture.evaluate(CANVAS)

    assert settled(page, canvas, decoded)

    handle = page.locator(".prior-0 .noUi-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 5, steps=10)
    page.mouse.up()
    assert slide(page, "prior-0") > 60
    assert settled(page, canvas, decoded)

    page.locator(".prior-1 .noUi-handle").focus()
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    assert slide(page, "prior-1") == 38
    assert settled(page, canvas, decoded)

    area = page.locator(".vae-map")
    area.click(position={"x": 0.2 * 280, "y": 0.3 * 280})  # the sliders follow the map
    assert [slide(page, "prior-0"), slide(page, "prior-1")] == pytest.approx([20, 70], abs=1)
    page.keyboard.press("ArrowRight")
    assert slide(page, "prior-0") == pytest.approx(21, abs=1)
    assert settled(page, canvas, decoded)

    number = fashion.test.labels.tolist().index(CLASSES.index("Trouser"))
    page.locator(".widget-text input").first.fill(str(number))
    page.keyboard.press("Enter")
    page.locator(".vae-encode").first.click()
    code = latent.encode(vae, fashion.test.images[number : number + 1])[0][0]
    exact = walk.greys(walk.chances(vae, code), "mean").ravel()
    assert settled(page, canvas, lambda: exact)

    page.locator(".kernel-0 .noUi-handle").focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    assert slide(page, "kernel-0") == 30
    image = page.locator(".widget-image").nth(1)

    def from_kernel():
        wide = np.array(image.evaluate(IMAGE)).reshape(280, -1)
        shown = wide[5::10, 295:570:10].copy()
        shown[13:16, 13:16] = decoded("kernel").reshape(28, 28)[
            13:16, 13:16
        ]  # under the mark of the pixel
        return shown.ravel()

    assert settled(page, from_kernel, lambda: decoded("kernel"))

    assert (
        page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        ).count()
        == 0
    )
    assert (
        page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        ).count()
        == 0
    )
    assert page.problems == []


@pytest.fixture
def live(tmp_path):
    """Notebook 03 up to its live run, made long, of the stand-in pictures."""
    notebook = nbformat.read(ROOT / "notebooks" / "03_vae_train.ipynb", 4)
    last = next(i for i, cell in enumerate(notebook.cells) if "until_interrupted" in cell.source)
    del notebook.cells[last + 1 :]
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source += '\ndata, epochs, train_images = "drawn", 2000, 500'
    path = tmp_path / "live.ipynb"
    nbformat.write(notebook, path)
    return path


def test_the_stop_button_ends_the_live_run_and_running_the_cell_again_goes_on(page, live, tmp_path):
    with jupyterlab(tmp_path, live) as address:
        run_all(page, address)
        cell, curve = page.locator(".jp-CodeCell").last, page.locator("img.widget-image")
        curve.wait_for(timeout=300_000)

        def rows_when_stopped():
            before = curve.get_attribute("src")
            for _ in range(3):  # let the curve grow
                page.wait_for_function(
                    "before => document.querySelector('img.widget-image').src != before", arg=before
                )
                before = curve.get_attribute("src")
            page.click('[data-command="notebook:interrupt-kernel"]')
            page.wait_for_function(IDLE, timeout=120_000)
            cell.get_by_text("live_val_bpd =").wait_for()
            return re.findall(r"^ +\d+  +\d\.\d{3} .*$", cell.inner_text(), re.MULTILINE)

        first = rows_when_stopped()
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        second = rows_when_stopped()
        assert 0 < len(first) < len(second) < 2001
        assert second[: len(first)] == first, "nothing of the first part is lost"
        assert [int(row.split()[0]) for row in second] == list(range(len(second)))
        assert (
            page.locator(
                ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
            ).count()
            == 0
        )
    assert page.problems == []
