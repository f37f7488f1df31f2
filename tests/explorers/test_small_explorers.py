"""The small explorers: sliders and boxes that redraw through pure functions."""

import io

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from vaehelpers import explorers
from vaehelpers.attention import spam
from vaehelpers.explorers.constants import STAND_IN


def test_prior_samples_explorer_asks_for_the_first_samples_and_redraws():
    asked = []

    def judge(mean, std, number):
        asked.append((mean, std, number))
        return torch.ones(number) / number, f"{number} samples"

    canvas, panel = explorers.prior_samples_explorer(torch.randn(40, 2), judge).children
    z1, _, std, number, note = panel.children
    seen = [canvas.value]
    for slider, value in ((z1, -2), (std, 0.5), (number, 30)):
        slider.value = value
        seen.append(canvas.value)
    assert len(set(seen)) == 4
    assert asked == [([1, 1], 0.2, 10), ([-2, 1], 0.2, 10), ([-2, 1], 0.5, 10), ([-2, 1], 0.5, 30)]
    assert note.value == "30 samples"


def test_kl_explorer_tells_both_directions():
    def kl(mean_q, mean_p, std_q, std_p):
        return 10 * mean_q + std_p

    canvas, panel = explorers.kl_explorer(kl).children
    mean_q, _, mean_p, std_p, note = panel.children
    before = canvas.value
    mean_q.value, mean_p.value, std_p.value = 3, -1, 0.5
    assert note.value == "KL(q‖p) = 30.500 nats, KL(p‖q) = -9.000 nats"
    picture = Image.open(io.BytesIO(canvas.value))
    assert canvas.value != before
    assert picture.size[0] > picture.size[1] > 300


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


def test_picker_draws_the_chosen_item():
    drawn = []

    def draw(i, axes):
        drawn.append(i)
        axes[0].plot([0, i])
        return f"item {i} in {len(axes)} panels"

    canvas, panel = explorers.picker_explorer(3, "item", draw).children
    slider, note = panel.children
    first = canvas.value
    assert (slider.min, slider.max, slider.description) == (0, 2, "item")
    slider.value = 2
    assert drawn == [0, 2]
    assert note.value == "item 2 in 2 panels"
    assert canvas.value != first
    assert bytes(canvas.value).startswith(b"\x89PNG")


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
    """Return an explorer of weights of one head."""
    mechanism = (torch.zeros(1, 2, 3), "ab", "xyz")
    return explorers.attention_explorer({"one": mechanism})


SMALL = {
    "attention": attention,
    "gaussians": lambda: explorers.kl_explorer(lambda *numbers: 0.0),
    "live curve": lambda: explorers.LiveCurve(2).widget,
    "picker": lambda: explorers.picker_explorer(1, "item", lambda i, axes: ""),
    "prior samples": lambda: explorers.prior_samples_explorer(
        torch.randn(40, 2), lambda mean, std, number: (torch.ones(number) / number, "")
    ),
    "text box": lambda: explorers.text_explorer(str.upper, "mail"),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_text_of_an_explorer_is_the_same_whatever_it_shows(name):
    """It is compared by nbval, and a picture's first bytes are no help to a reader."""
    assert_text_is_the_stand_in(SMALL[name]())


def test_the_text_of_an_explorer_of_latents(flat_walk):
    for explorer in (explorers.in_kernel(flat_walk), explorers.in_page(flat_walk)):
        assert_text_is_the_stand_in(explorer)


def assert_text_is_the_stand_in(explorer):
    """Display a widget as a kernel does."""
    data, _ = DisplayFormatter().format(explorer)
    assert data["text/plain"] == repr(explorer) == STAND_IN
    assert "application/vnd.jupyter.widget-view+json" in data


def test_film_explorer_shows_the_frame_that_is_asked_for():
    frames = np.stack([np.full((28, 56), level, np.uint8) for level in (0, 5, 15)])
    explorer = explorers.film_explorer(frames, ["first", "second", "third"])
    picture, controls, caption = explorer.children
    play, slider = controls.children
    assert caption.value == "first"
    for index, (grey, text) in enumerate([(0, "first"), (85, "second"), (255, "third")]):
        play.value = index
        shown = np.array(Image.open(io.BytesIO(picture.value)))
        assert (slider.value, caption.value) == (index, text)
        assert shown.shape == (56, 112)
        assert (shown == grey).all()
