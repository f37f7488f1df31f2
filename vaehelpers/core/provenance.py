"""What a run ran on, for the record: versions of packages, device, processor."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch


def versions(*more: str) -> dict:
    """Return the versions that a result depends on, for the record; `more` names further packages."""
    names = ("vaehelpers", "torch", "numpy", "safetensors", *more)
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # used from a source tree that was not installed
        return "not installed"


def hardware(device: torch.device) -> dict[str, str | int]:
    """Describe what a run ran on, for the record: device, its name, and CPU threads."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()
    return {
        "device": device.type,
        "name": name,
        "threads": torch.get_num_threads(),
        "simd": torch.backends.cpu.get_cpu_capability(),
    }


def _cpu_name() -> str:
    """Return the processor's name where the system tells it, else its architecture."""
    try:
        return re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()
