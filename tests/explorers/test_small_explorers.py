"""Explorers: pure functions, and sliders that redraw through them."""

import io

import pytest
import torch
from PIL import Image

from vaehelpers import explore


def test_attention_weights_follow_temperature_and_mask():
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 9.0]])
    torch.testing.assert_close(explore.attention_weights(scores, 1, "none"), scores.softmax(-1))
    torch.testing.assert_close(
        explore.attention_weights(scores, 4, "none"), (scores / 4).softmax(-1)
    )
    causal = explore.attention_weights(scores, 1, "past and present")
    assert (causal.triu(1) == 0).all()
    torch.testing.assert_close(causal.sum(-1), torch.ones(3))
    near = explore.attention_weights(torch.zeros(5, 5), 1, "two nearest on each side")
    assert near[0].tolist() == pytest.approx([1 / 3] * 3 + [0] * 2)


def test_attention_picture_has_a_cell_for_each_weight():
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    picture = Image.open(io.BytesIO(explore.attention_picture(weights, "ab", "xyz", cell=20)))
    assert picture.size == (80, 60)
    bright, dark = picture.getpixel((30, 30)), picture.getpixel((50, 30))
    assert sum(bright) > sum(dark)
    assert picture.getpixel((50, 50)) == picture.getpixel((70, 50))


def test_attention_explorer_redraws_for_every_control():
    generator = torch.Generator().manual_seed(0)
    one = explore.Mechanism(torch.randn(2, 4, 4, generator=generator), "abcd", "abcd")
    two = explore.Mechanism(torch.randn(2, 3, 4, generator=generator), "xyz", "abcd")
    which, row = explore.attention_explorer({"one": one, "two": two}).children
    canvas, panel = row.children
    head, temperature, mask, note = panel.children
    seen = [canvas.value]
    for control, value in (
        (head, 2),
        (temperature, 5.0),
        (mask, "past and present"),
        (which, "two"),
    ):
        control.value = value
        seen.append(canvas.value)
    assert len(set(seen)) == len(seen)
    weights = explore.attention_weights(two.scores[1], 5.0, "past and present")
    assert canvas.value == explore.attention_picture(weights, "xyz", "abcd")
    assert "of at most 1.39 nats" in note.value


def test_prior_samples_explorer_asks_for_the_first_samples_and_redraws():
    asked = []

    def judge(mean, std, number):
        asked.append((mean, std, number))
        return torch.ones(number) / number, f"{number} samples"

    canvas, panel = explore.prior_samples_explorer(torch.randn(40, 2), judge).children
    z1, _, std, number, note = panel.children
    seen = [canvas.value]
    for slider, value in ((z1, -2), (std, 0.5), (number, 30)):
        slider.value = value
        seen.append(canvas.value)
    assert len(set(seen)) == 4
    assert asked == [([1, 1], 0.2, 10), ([-2, 1], 0.2, 10), ([-2, 1], 0.5, 10), ([-2, 1], 0.5, 30)]
    assert note.value == "30 samples"


def test_kl_explorer_tells_both_directions():
    canvas, panel = explore.kl_explorer(
        lambda mean_q, mean_p, std_q, std_p: 10 * mean_q + std_p
    ).children
    mean_q, _, mean_p, std_p, note = panel.children
    before = canvas.value
    mean_q.value, mean_p.value, std_p.value = 3, -1, 0.5
    assert note.value == "KL(q‖p) = 30.500 nats, KL(p‖q) = -9.000 nats"
    picture = Image.open(io.BytesIO(canvas.value))
    assert canvas.value != before
    assert picture.size[0] > picture.size[1] > 300


def test_text_box_answers_as_one_types():
    box, verdict = explore.text_box(lambda text: f"{len(text)} characters", "four").children
    assert verdict.value == "4 characters"
    box.value = "sixsix"
    assert verdict.value == "6 characters"


def test_picker_draws_the_chosen_item():
    drawn = []

    def draw(i, axes):
        drawn.append(i)
        axes[0].plot([0, i])
        return f"item {i} in {len(axes)} panels"

    canvas, panel = explore.picker(3, "item", draw).children
    slider, note = panel.children
    first = canvas.value
    slider.value = 2
    assert drawn == [0, 2]
    assert note.value == "item 2 in 2 panels"
    assert canvas.value != first
    assert bytes(canvas.value).startswith(b"\x89PNG")


def test_live_curve_is_redrawn_by_batches_and_epochs(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(explore.time, "monotonic", lambda: now[0])
    curve = explore.LiveCurve(2)
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
