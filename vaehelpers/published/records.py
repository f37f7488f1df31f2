"""Results that a notebook does not compute each time, kept with the hardware and versions that they came from."""

import json
from pathlib import Path

import torch

from . import checkpoint, provenance

FOLDER = Path(__file__).parent / "recorded"


def keep(name: str, results: dict, folder: Path = FOLDER) -> None:
    """Record results under `name`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "results": results,
        "hardware": provenance.hardware(torch.device("cpu")),
        "versions": provenance.versions(),
    }
    checkpoint.write_meta(folder / f"{name}.json", content)


def load(name: str, folder: Path = FOLDER) -> dict:
    """Return what `keep` wrote: `results`, `hardware` and `versions`."""
    return json.loads((folder / f"{name}.json").read_text())
