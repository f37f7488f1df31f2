"""What the benchmarks share: their folders, `--device`, results, figures, and how to time.

They are scripts, and this file lies beside them: `import common` finds it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from vaehelpers import VAE, core
from vaehelpers.training.step import Step

if TYPE_CHECKING:  # a benchmark that draws nothing needs no matplotlib
    from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def argument_parser(doc: str | None, with_device: bool = True) -> argparse.ArgumentParser:
    """Return a parser that describes a benchmark by the first line of its docstring."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    if with_device:
        parser.add_argument(
            "--device", default="auto", help="where to compute: auto, cuda, mps or cpu"
        )
    return parser


def ran_on(device: torch.device, *packages: str) -> dict[str, dict]:
    """Return what every result records beside its numbers: versions and hardware."""
    return {"versions": core.versions(*packages), "hardware": core.hardware(device)}


def kind(device: torch.device) -> str:
    """Return what results of one kind of device are named by, such as "cpu-avx2" or "cuda"."""
    if device.type != "cpu":
        return device.type
    return f"cpu-{torch.backends.cpu.get_cpu_capability().lower()}"


def machine(result: dict[str, dict]) -> str:
    """Say in words what a result was measured on, from what `ran_on` recorded."""
    hardware = result["hardware"]
    if hardware["device"] != "cpu":
        return str(hardware["name"])
    return f"{hardware['name']}, {hardware['simd']}, {hardware['threads']} threads"


def write_result(name: str, content: dict, folder: Path | None = None) -> None:
    """Write a result into `folder`, if none is given into benchmarks/results/."""
    core.write_json((folder or RESULTS) / name, content)


def read_result(name: str, folder: Path | None = None) -> dict | None:
    """Return what a benchmark recorded, or None where it has not run."""
    path = (folder or RESULTS) / name
    return json.loads(path.read_text()) if path.is_file() else None


def save_figure(figure: Figure, name: str) -> None:
    """Write a figure to benchmarks/results/, without a note of the program that drew it."""
    figure.savefig(RESULTS / name, dpi=100, metadata={"Software": None})


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes; it must leave nothing running on a GPU."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def any_images(count: int) -> torch.Tensor:
    """Return levels `[count,1,28,28]` that show nothing: what they show costs no time."""
    return torch.randint(16, (count, 1, 28, 28), dtype=torch.uint8)


def textbook_step(model: VAE) -> Step:
    """Return a step as textbooks take it: 32 bits, not compiled, plain Adam."""
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Step(model.losses, [adam], beta=1.0)
