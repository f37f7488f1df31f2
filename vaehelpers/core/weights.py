"""The weights of a network in a file: written whole, and believed only if they fit."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..errors import CheckpointError, one_line
from .files import read_whole, sha256, write_whole

Module = TypeVar("Module", bound=nn.Module)
HEADER = 2**20  # bytes that a safetensors file may have besides its numbers


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return named tensors, wherever they are, as the bytes of a safetensors file."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(on_cpu)


def read_tensors(
    path: Path, wanted: Mapping[str, Tensor], expected: str | None = None
) -> dict[str, Tensor]:
    """Read a safetensors file with the hash `expected`, where one is known.

    Raises OSError where it cannot be read, and ValueError, which says what is wrong, unless it
    holds finite tensors of the names, shapes and types of `wanted`.
    """
    numbers = sum(tensor.nbytes for tensor in wanted.values())
    content = read_whole(path, HEADER + numbers)
    if expected and sha256(content) != expected:
        raise ValueError("its sha256 is not the one in its JSON")
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if tensors.keys() != wanted.keys():
        other = min(tensors.keys() ^ wanted.keys())
        raise ValueError(f"{other} is {'not expected' if other in tensors else 'missing'}")
    for name, tensor in sorted(tensors.items()):
        found, needed = _kind(tensor), _kind(wanted[name])
        if found != needed:
            raise ValueError(f"{name} is {found} where the model's settings need {needed}")
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
    return tensors


def _kind(tensor: Tensor) -> str:
    """Return a tensor's type and shape, such as float32[64,32,3,3]."""
    sizes = ",".join(map(str, tensor.shape))
    return f"{tensor.dtype}[{sizes}]".removeprefix("torch.")


def save_weights(model: nn.Module, path: Path) -> Path:
    """Write a network's weights alone, whole or not at all, and return the path."""
    write_whole(path, tensors_to_bytes(model.state_dict()))
    return path


def load_weights(model: Module, path: Path, what: str, command: str) -> Module:
    """Return `model` with the weights at `path`, in evaluation mode.

    Raises CheckpointError where the file does not hold the weights of `what`; its message names
    the `command` of vaehelpers that trains them anew.
    """
    try:
        weights = read_tensors(path, model.state_dict())
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} does not hold the weights of {what} ({one_line(error, 200)}); restore it, "
            f"or train again with `python -m vaehelpers {command}`"
        ) from None
    model.load_state_dict(weights)
    return model.eval()
