"""Attention weights under a temperature and a mask."""

import pytest
import torch

from vaehelpers.attention.masking import attention_weights


def test_attention_weights_follow_temperature_and_mask():
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 9.0]])
    torch.testing.assert_close(attention_weights(scores, 1, "none"), scores.softmax(-1))
    torch.testing.assert_close(attention_weights(scores, 4, "none"), (scores / 4).softmax(-1))
    causal = attention_weights(scores, 1, "past and present")
    assert (causal.triu(1) == 0).all()
    torch.testing.assert_close(causal.sum(-1), torch.ones(3))
    near = attention_weights(torch.zeros(5, 5), 1, "two nearest on each side")
    assert near[0].tolist() == pytest.approx([1 / 3] * 3 + [0] * 2)
