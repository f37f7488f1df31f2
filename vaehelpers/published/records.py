"""Results that a notebook does not compute each time, kept with what they ran on."""

import json
from pathlib import Path
from typing import Any

import torch

from ..core import provenance
from ..core.files import write_json

RECORDED = Path(__file__).parent / "recorded"


def save_record(name: str, results: dict, folder: Path = RECORDED) -> None:
    """Record results under `name`, whole or not at all, with hardware and versions."""
    content = {
        "results": results,
        "hardware": provenance.hardware(torch.device("cpu")),
        "versions": provenance.versions(),
    }
    write_json(folder / f"{name}.json", content)


def load_record(name: str, folder: Path = RECORDED) -> dict[str, Any]:
    """Return what `save_record` wrote: `results`, `hardware` and `versions`."""
    return json.loads((folder / f"{name}.json").read_text())
