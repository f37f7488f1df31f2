"""Costs are counted right: by the textbook's formula, fused or not."""

import pytest
import torch
from torch.nn import functional as F

from vaehelpers.attention import costs


def plain_attention(Q, K, V):
    return (Q @ K.mT).softmax(-1) @ V


@pytest.mark.parametrize("call", [plain_attention, F.scaled_dot_product_attention])
def test_operations_of_attention(call):
    n, d = 64, 8
    inputs = [torch.randn(1, 1, n, d) for _ in range(3)]
    assert costs.count_operations(call, *inputs) == 4 * n**2 * d


def test_bytes_that_are_kept():
    x = torch.randn(100, requires_grad=True)
    assert costs.count_bytes_kept(torch.exp, x) == 400
    assert costs.count_bytes_kept(torch.exp, x.detach()) == 0


def test_what_is_kept_twice_counts_once():
    x = torch.randn(100, requires_grad=True)
    assert costs.count_bytes_kept(lambda x: x * x, x) == 400
