"""A model's tensors as `web/tensors.js` takes them: names and shapes, and one row of numbers."""

import torch
from torch import nn


def of_module(module: nn.Module) -> dict:
    """Return `{"shapes": [[name, shape], ...], "numbers": bytes}`, the numbers as 32-bit floats."""
    tensors = module.state_dict()
    row = torch.cat([tensor.detach().cpu().float().flatten() for tensor in tensors.values()])
    return {
        "shapes": [[name, list(tensor.shape)] for name, tensor in tensors.items()],
        "numbers": row.numpy().tobytes(),
    }
