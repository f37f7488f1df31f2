"""Where to compute, how memory is laid out and kept there, and whether torch can compile."""

import ctypes
import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from ..errors import SettingError
from .compilers import missing_compilers
from .settings import DEVICES

Module = TypeVar("Module", bound=nn.Module)
M_TRIM_THRESHOLD = -1  # from malloc.h
M_MMAP_THRESHOLD = -3


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device, or for `auto` the first of cuda, mps, cpu that is present.

    Raises SettingError for a name that is not known, or not present on this machine.
    """
    present = ["cpu"]
    if torch.backends.mps.is_available():
        present.insert(0, "mps")
    if torch.cuda.is_available():
        present.insert(0, "cuda")
    if name not in DEVICES or name not in ("auto", *present):
        usable = ", ".join(["auto", *present])
        raise SettingError(f"device={name} is not available; allowed here: {usable}")
    return torch.device(present[0] if name == "auto" else name)


def to_device(model: Module, device: torch.device | str) -> Module:
    """Move a model to a device; on a CPU, with the channels of a pixel side by side."""
    if torch.device(device).type != "cpu":
        return model.to(device)
    # nn.Module.to knows this argument, its type hints do not.
    return model.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def keep_freed_memory() -> None:
    """Have glibc keep what this process frees, up to a gigabyte; do nothing with another C library.

    By default glibc gives large blocks back to the system at once, and the next training step has
    to ask for thousands of pages again. The setting holds for the whole process, until it ends.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)  # bytes, the most that it takes
    mallopt(M_TRIM_THRESHOLD, 1 << 30)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Say whether a device has instructions for bfloat16; a CPU without them is slower by far.

    On a processor with AVX2 alone, convolutions took 6.7 times as long as in 32 bits.
    """
    if device.type != "cpu":
        return True
    is_supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(is_supported and is_supported())


def compile_if_possible(function: Callable, device: torch.device) -> Callable:
    """Return `function` compiled by torch; where that is not possible, warn and return it as is.

    Each shape of its arguments is compiled by itself, which is faster than one code for all.
    """
    missing = missing_compilers(device.type)
    if missing:
        reason = " and ".join(missing)
        warnings.warn(f"training is not compiled: {reason} is missing", stacklevel=2)
        return function
    return torch.compile(function, dynamic=False)
