"""Weights, configuration and history on disk: safetensors plus JSON, never half-written.

A checkpoint is three files that share a stem such as `epoch_0010`: `.safetensors` (weights),
`.optimizer.safetensors` (only beside the newest one) and `.json`. The JSON is written last and
holds the sha256 of the weights, so a checkpoint exists exactly when its JSON does.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..core.device import to_device
from ..core.files import sha256, tensors_to_bytes, write_json, write_whole
from ..errors import CheckpointError
from ..vae.networks import VAE

WEIGHTS = ".safetensors"
OPTIMIZER = ".optimizer.safetensors"
# Settings that runs of older versions did not write down.
DEFAULTS_OF_OLD_RUNS = {
    "beta": 1.0,
    "noise": True,
    "recipe": "practical",
    "precision": "float32",
}
Optimizers = list[torch.optim.Optimizer]


def save_checkpoint(
    folder: Path, epoch: int, model: VAE, optimizers: Optimizers, meta: dict
) -> Path:
    """Write the checkpoint of `epoch` into `folder`; return its JSON path. `meta` is JSON-ready."""
    path = folder / f"epoch_{epoch:04d}.json"
    weights = tensors_to_bytes(model.state_dict())
    state = tensors_to_bytes(dict(_numbered(optimizers)))
    write_whole(path.with_suffix(OPTIMIZER), state)
    write_whole(path.with_suffix(WEIGHTS), weights)
    hashes = {"sha256": sha256(weights), "optimizer_sha256": sha256(state)}
    write_meta(path, {"epoch": epoch, **hashes, **meta})
    return path


def drop_checkpoint(path: Path, weights_too: bool) -> None:
    """Delete a superseded checkpoint: its optimizer state; with `weights_too` all, JSON first."""
    endings = [".json", WEIGHTS, OPTIMIZER] if weights_too else [OPTIMIZER]
    for ending in endings:
        path.with_suffix(ending).unlink(missing_ok=True)


def load_checkpoint(
    path: str | Path, device: str | torch.device = "cpu"
) -> tuple[VAE, dict[str, Any]]:
    """Rebuild the VAE of a checkpoint; `path` is its JSON, its weights or a folder (the newest).

    Returns the model in evaluation mode and the JSON's contents. Raises CheckpointError.
    """
    path = find_checkpoint(path)
    meta = read_meta(path)
    weights = _read_tensors(path.with_suffix(WEIGHTS), meta["sha256"])
    config = meta["config"]
    try:
        model = VAE(config["num_filters"], config["z_dim"], config["lr"])
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError):
        _refuse_foreign(path)
    return to_device(model, device).eval(), meta


def load_optimizers(path: Path, optimizers: Optimizers) -> None:
    """Restore the states that `save_checkpoint` wrote beside the checkpoint at `path`."""
    states = [optimizer.state_dict() for optimizer in optimizers]
    places = _places(states)
    expected = read_meta(path).get("optimizer_sha256")
    tensors = _read_tensors(path.with_suffix(OPTIMIZER), expected)
    for name, tensor in tensors.items():
        number, key = name.split(".")
        state, index = places[int(number)]
        state.setdefault(index, {})[key] = tensor
    for optimizer, state in zip(optimizers, states, strict=True):
        optimizer.load_state_dict(state)
        _lay_out_as_weights(optimizer)


def find_checkpoint(path: str | Path) -> Path:
    """Return the JSON of a checkpoint named by its JSON, its weights or its folder (the newest)."""
    path = Path(path)
    if path.is_dir():
        return latest_checkpoint(path) or _refuse_missing(path)
    return path.with_suffix(".json") if path.suffix == WEIGHTS else path


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the JSON of the newest checkpoint in `folder`, or None."""
    found = all_checkpoints(folder)
    return found[-1] if found else None


def all_checkpoints(folder: Path) -> list[Path]:
    """Return the JSONs of all checkpoints in `folder`, oldest epoch first."""
    candidates = [path for path in folder.glob("epoch_*.json") if path.stem[6:].isdecimal()]
    return sorted(candidates, key=epoch_of)


def epoch_of(path: Path) -> int:
    """Return the epoch that a checkpoint's file name states."""
    return int(path.stem[6:])


def read_meta(path: Path) -> dict[str, Any]:
    """Read a checkpoint's JSON. Raises CheckpointError if it is missing or no checkpoint."""
    try:
        meta = json.loads(path.read_text())
    except FileNotFoundError:
        _refuse_missing(path)
    except (ValueError, OSError):
        _refuse_foreign(path)
    if not _is_meta(meta):
        _refuse_foreign(path)
    return meta


def write_meta(path: Path, meta: dict) -> None:
    """Write a checkpoint's JSON, whole or not at all."""
    write_json(path, meta)


def _is_meta(meta: Any) -> bool:
    """Say whether this is what `save_checkpoint` writes: a hash, settings, and a whole history."""
    try:
        last = meta["history"][-1]["epoch"]
        epoch_fits = last == meta["epoch"] >= 0
        return epoch_fits and isinstance(meta["sha256"], str) and isinstance(meta["config"], dict)
    except (KeyError, TypeError, IndexError):
        return False


def _numbered(optimizers: Optimizers) -> Iterator[tuple[str, Tensor]]:
    """Yield the optimizers' states as `number.key` and tensor; numbers go on across optimizers."""
    number = 0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                for key, value in optimizer.state[parameter].items():
                    yield f"{number}.{key}", value
                number += 1


def _places(states: list[dict]) -> list[tuple[dict, int]]:
    """Return, for each number that `_numbered` counts, the state it belongs to and its index."""
    places = []
    for state in states:
        for group in state["param_groups"]:
            places += [(state["state"], index) for index in group["params"]]
    return places


def _lay_out_as_weights(optimizer: torch.optim.Optimizer) -> None:
    """Lay the state out in memory as the weights are: fused Adam relies on it."""
    for weight, entry in optimizer.state.items():
        for key, value in entry.items():
            if value.shape == weight.shape:
                entry[key] = torch.empty_like(weight).copy_(value)


def _read_tensors(path: Path, expected: str | None) -> dict[str, Tensor]:
    """Read a safetensors file; raise CheckpointError unless it is whole and has the hash."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        _refuse_missing(path)
    if expected and sha256(content) != expected:
        raise CheckpointError(
            f"{path} does not match the sha256 in its JSON; restore both files together"
        )
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({error}); restore or delete it"
        ) from None


def _refuse_missing(path: Path) -> NoReturn:
    raise CheckpointError(
        f"{path} does not exist or holds no checkpoint; "
        "name a folder, .json or .safetensors written by `python -m vaehelpers train`"
    ) from None


def _refuse_foreign(path: Path) -> NoReturn:
    raise CheckpointError(
        f"{path} is not a vaehelpers checkpoint; restore it or delete its folder"
    ) from None
