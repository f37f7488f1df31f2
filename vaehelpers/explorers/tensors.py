"""A model's tensors as `web/tensors.js` takes them: names and shapes, and one row of numbers."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def of_module(module: nn.Module) -> dict:
    """Return what `of_tensors` does, of a module."""
    return of_tensors(module.state_dict())


def of_tensors(tensors: Mapping[str, Tensor]) -> dict:
    """Return `{"shapes": [[name, shape], ...], "numbers": bytes}`, the numbers as 32-bit floats."""
    row = torch.cat([tensor.detach().cpu().float().flatten() for tensor in tensors.values()])
    return {
        "shapes": [[name, list(tensor.shape)] for name, tensor in tensors.items()],
        "numbers": row.numpy().tobytes(),
    }
