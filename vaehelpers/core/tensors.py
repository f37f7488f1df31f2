"""Checks of tensors that hold for every function that takes some."""

import torch
from torch import Tensor

from ..errors import InputError


def check_same_shape(**tensors: Tensor) -> None:
    """Raise InputError unless all have one shape: torch would stretch the smaller ones silently."""
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    if len(set(map(tuple, shapes.values()))) > 1:
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"{' and '.join(shapes)} must have the same shape, got {given}")


def is_seen(condition: Tensor) -> bool:
    """Return whether a condition of one element is True and code can see it.

    It cannot while torch compiles it, inside `torch.func.vmap`, and where there are no values (the
    device `meta`).
    """
    if torch.compiler.is_compiling():
        return False
    try:
        return bool(condition)
    except RuntimeError:  # this is how vmap refuses, and how `meta` does
        return False
