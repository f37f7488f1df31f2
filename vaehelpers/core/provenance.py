"""What a run ran on, for the record: versions of packages, device, processor."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch


def versions(*more: str) -> dict[str, str]:
    """Return the versions that a result depends on, by package; `more` names further packages."""
    names = ("vaehelpers", "torch", "numpy", "safetensors", *more)
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


def hardware(device: torch.device) -> dict[str, str | int]:
    """Describe what a run ran on: device, its name, CPU threads, and CPU instruction set."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()
    return {
        "device": device.type,
        "name": name,
        "threads": torch.get_num_threads(),
        "simd": torch.backends.cpu.get_cpu_capability(),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # used from a source tree that was not installed
        return "not installed"


def _cpu_name() -> str:
    """Return the processor's name where the system tells it, else its architecture."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    named = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    if named:
        return named[1]
    return platform.processor() or platform.machine()
