"""Attention weights under a temperature and a mask."""

import math

import torch
from torch import Tensor

# Which keys are seen, by their place minus the query's.
MASKS = {
    "none": lambda offset: offset < math.inf,
    "past and present": lambda offset: offset <= 0,
    "two nearest on each side": lambda offset: offset.abs() <= 2,
}


def attention_weights(scores: Tensor, temperature: float, mask: str) -> Tensor:
    """Return softmax(scores / temperature) `[...,n,m]` under one of `MASKS`."""
    n, m = scores.shape[-2:]
    offset = torch.arange(m) - torch.arange(n)[:, None]
    visible = MASKS[mask](offset)
    return (scores / temperature).masked_fill(~visible, -math.inf).softmax(-1)
