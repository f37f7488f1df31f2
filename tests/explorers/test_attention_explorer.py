"""The explorer of attention weights: temperature, mask, and a picture that follows each control."""

import pytest
import torch

from vaehelpers.attention.masking import attention_weights
from vaehelpers.explorers import attention_explorer
from vaehelpers.figures.attention import attention_picture


def test_attention_weights_follow_temperature_and_mask():
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 9.0]])
    torch.testing.assert_close(attention_weights(scores, 1, "none"), scores.softmax(-1))
    torch.testing.assert_close(attention_weights(scores, 4, "none"), (scores / 4).softmax(-1))
    causal = attention_weights(scores, 1, "past and present")
    assert (causal.triu(1) == 0).all()
    torch.testing.assert_close(causal.sum(-1), torch.ones(3))
    near = attention_weights(torch.zeros(5, 5), 1, "two nearest on each side")
    assert near[0].tolist() == pytest.approx([1 / 3] * 3 + [0] * 2)


def test_attention_explorer_redraws_for_every_control():
    generator = torch.Generator().manual_seed(0)
    one = (torch.randn(2, 4, 4, generator=generator), "abcd", "abcd")
    two = (torch.randn(2, 3, 4, generator=generator), "xyz", "abcd")
    which, row = attention_explorer({"one": one, "two": two}).children
    canvas, panel = row.children
    head, temperature, mask, note = panel.children
    moves = ((head, 2), (temperature, 5.0), (mask, "past and present"), (which, "two"))
    seen = [canvas.value]
    for control, value in moves:
        control.value = value
        seen.append(canvas.value)
    assert len(set(seen)) == len(seen)
    weights = attention_weights(two[0][1], 5.0, "past and present")
    assert canvas.value == attention_picture(weights, "xyz", "abcd")
    assert "of at most 1.39 nats" in note.value
