"""The small explorers: sliders and boxes that redraw through pure functions."""

import base64
import io

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from vaehelpers import explorers
from vaehelpers.attention import reversal, spam
from vaehelpers.explorers import attention as attention_module
from vaehelpers.explorers.bundle import WEB
from vaehelpers.explorers.constants import STAND_IN
from vaehelpers.published import evidence, load_record


def test_sliders_are_what_the_page_listens_to():
    row = explorers.prior_samples_explorer(torch.randn(40, 2))
    page, panel = row.children
    assert page.explorer == "prior"
    assert panel.children == (*page.inputs["mean"], page.inputs["std"], page.inputs["count"])
    assert len(page.given["samples"]) == 40
    page, panel = explorers.kl_explorer().children
    assert panel.children == tuple(page.inputs.values())
    assert list(page.inputs) == ["meanOfQ", "stdOfQ", "meanOfP", "stdOfP"]


def test_what_the_page_knows_by_name_is_what_python_calls_so():
    registry = (WEB / "registry.js").read_text()
    for name in (
        "walk",
        "bound",
        "attention",
        "gaussians",
        "prior",
        "posterior",
        "paths",
        "film",
        "spam",
    ):
        assert f"\n  {name}: {{" in registry
    spoken = (WEB / "attention_explorer.js").read_text() + (WEB / "translators.js").read_text()
    for name in (*attention_module.KINDS, *attention_module.MASKS, *attention_module.SHOWN):
        assert f'"{name}"' in spoken or f"\n  {name}: " in spoken


def test_text_box_answers_as_one_types():
    explorer = explorers.text_explorer(lambda text: f"{len(text)} characters", "four")
    box, verdict = explorer.children
    assert verdict.value == "4 characters"
    box.value = "sixsix"
    assert verdict.value == "6 characters"


def test_text_box_knows_a_word_by_either_apostrophe():
    vocabulary = spam.Vocabulary(["don't wait"] * 2)
    explorer = explorers.text_explorer(
        lambda text: spam.judge(text, lambda text: 0.9, vocabulary, 0.5), "don't"
    )
    box, verdict = explorer.children
    typed = verdict.value
    box.value = "don\u2019t"
    assert verdict.value == typed == "spam: p(spam) = 0.900, threshold 0.500."


def test_a_slider_goes_through_posteriors():
    samples = torch.randn(4, 2)
    page, slider = explorers.posterior_explorer([posterior(), posterior()], samples).children
    assert (slider.min, slider.max, page.inputs["which"]) == (0, 1, slider)
    assert [image["name"] for image in page.given["images"]] == ["test image 0", "test image 1"]
    assert page.given["images"][1]["contours"] == posterior()["contours"]
    np.testing.assert_allclose(page.given["samples"], samples, atol=1e-3)


def test_live_curve_is_redrawn_by_batches_and_epochs(monkeypatch):
    now = [10.0]
    monkeypatch.setattr("vaehelpers.explorers.live_curve.time.monotonic", lambda: now[0])
    curve = explorers.LiveCurve(2)
    empty = bytes(curve.widget.value)
    curve.batch(0.0, 4.0)  # too soon after the first drawing
    assert bytes(curve.widget.value) == empty
    now[0] += 1
    curve.batch(0.5, 3.0)
    drawn = bytes(curve.widget.value)
    assert drawn != empty
    curve.epoch(1, 2.5)
    assert bytes(curve.widget.value) != drawn
    assert curve.points == {"batches": [(0.0, 4.0), (0.5, 3.0)], "validation": [(1, 2.5)]}
    batches, validation = curve.figure().axes[0].lines
    lines = {line.get_label(): line.get_xydata().tolist() for line in (batches, validation)}
    assert lines == {"batches": [[0, 4], [0.5, 3]], "validation": [[1, 2.5]]}, "a still of it"
    assert (batches.get_linestyle(), validation.get_linestyle()) == ("-", "None"), "points alone"


def attention():
    """Return an explorer of untrained translators."""
    kinds = ("transformer", "additive")
    return explorers.attention_explorer(*map(reversal.build_translator, kinds))


def posterior():
    """Return one image's posterior as the record has it."""
    return load_record(evidence.NAME)["results"][evidence.POSTERIORS_NAME]["images"][3]


SMALL = {
    "attention": attention,
    "gaussians": explorers.kl_explorer,
    "paths": explorers.paths_explorer,
    "live curve": lambda: explorers.LiveCurve(2).widget,
    "posterior": lambda: explorers.posterior_explorer([posterior()], torch.randn(4, 2)),
    "prior samples": lambda: explorers.prior_samples_explorer(torch.randn(40, 2)),
    "text box": lambda: explorers.text_explorer(str.upper, "mail"),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_text_of_an_explorer_is_the_same_whatever_it_shows(name):
    """It is compared by nbval, and a picture's first bytes are no help to a reader."""
    assert_text_is_the_stand_in(SMALL[name]())


def test_the_text_of_an_explorer_of_latents_is_the_same_too(flat_walk):
    images = torch.zeros(2, 1, 28, 28)
    assert_text_is_the_stand_in(explorers.in_kernel(flat_walk))
    assert_text_is_the_stand_in(explorers.in_page(flat_walk))
    assert_text_is_the_stand_in(explorers.bound_explorer(flat_walk.model, images, ["a", "b"]))


def test_explorers_without_sliders_have_their_own_controls_in_the_page(flat_walk):
    images = torch.randint(16, (2, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    column = explorers.bound_explorer(flat_walk.model, images, ["a", "b"], [-600.0, -700.0])
    (page,) = column.children
    assert (page.explorer, page.state, page.inputs) == ("bound", {}, {})
    second = page.given["images"][1]
    assert second == {"name": "b", "levels": images[1].flatten().tolist(), "logP": -700.0}


def assert_text_is_the_stand_in(explorer):
    """Display a widget as a kernel does."""
    data, _ = DisplayFormatter().format(explorer)
    assert data["text/plain"] == repr(explorer) == STAND_IN
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_film_is_one_strip_with_a_caption_for_each_frame():
    frames = np.stack([np.full((28, 56), level, np.uint8) for level in (0, 5, 15)])
    page, controls = explorers.film_explorer(frames, ["a", "b", "c"], "three greys").children
    play, slider = controls.children
    assert page.inputs == {"frame": slider}
    assert (slider.value, slider.max, play.max) == (2, 2, 2)
    assert (page.given["captions"], page.given["alt"]) == (["a", "b", "c"], "three greys")
    png = base64.b64decode(page.given["strip"].removeprefix("data:image/png;base64,"))
    strip = np.array(Image.open(io.BytesIO(png)).convert("L"))
    assert strip.shape == (84, 56)
    assert [int(strip[row, 0]) for row in (0, 28, 56)] == [0, 85, 255]
