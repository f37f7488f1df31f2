"""Where to compute, how memory is used there, and whether functions can be compiled."""

import ctypes
import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Callable

import torch
from torch import nn

from .errors import SettingError

DEVICES = ("auto", "cuda", "mps", "cpu")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device, or for `auto` the first of cuda, mps, cpu that is present."""
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name not in DEVICES or not present.get(name, True):
        usable = ", ".join(["auto", *(key for key, here in present.items() if here)])
        raise SettingError(f"device={name} is not available; allowed here: {usable}")
    return torch.device(
        next(key for key, here in present.items() if here) if name == "auto" else name
    )


def place(model: nn.Module, device: torch.device | str) -> nn.Module:
    """Move a model to a device; on a CPU, with a pixel's channels side by side, and freed memory kept for next time."""
    if torch.device(device).type != "cpu":
        return model.to(device)
    _keep_freed_memory()
    return model.to(device, memory_format=torch.channels_last)  # convolutions gain by it


def _keep_freed_memory() -> None:
    """Have glibc keep what this process frees, up to a gigabyte; do nothing where there is another C library.

    Its habit is to give large blocks back to the system at once, so that the next training step has to ask for
    thousands of pages anew. The habit is the process's: other code in it keeps freed memory, too.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)  # bytes, the most that it takes
    mallopt(M_TRIM_THRESHOLD, 1 << 30)


def compile_if_possible(function: Callable, device: torch.device) -> Callable:
    """Return `function` compiled by torch, or, with a warning, `function` itself where a compiler is missing."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    missing = [] if shutil.which(compiler) else [f"the C++ compiler {compiler}"]
    if device.type == "cuda" and not importlib.util.find_spec("triton"):
        missing.append("the package triton")
    if missing:
        warnings.warn(f"training is not compiled: {' and '.join(missing)} is missing", stacklevel=2)
        return function
    return torch.compile(function)
