"""Wall times of competing functions, measured side by side, and the recorded ones that the notebooks draw."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from . import checkpoint, provenance

RECORDED = Path(__file__).parent / "recorded"


def measure(calls: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Return the shortest of `repeats` wall times [s] of each call, taken in turns so that all meet the same load."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def keep(name: str, seconds: dict, folder: Path = RECORDED) -> None:
    """Record times under `name`, with the hardware and versions that they were measured on."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"seconds": seconds, "hardware": provenance.hardware(torch.device("cpu")),
               "versions": provenance.versions()}
    checkpoint.write_meta(folder / f"{name}.json", content)


def recorded(name: str, folder: Path = RECORDED) -> dict:
    """Return what `keep` wrote: `seconds`, `hardware` and `versions`."""
    return json.loads((folder / f"{name}.json").read_text())
