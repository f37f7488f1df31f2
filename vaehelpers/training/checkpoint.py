"""Weights, configuration and history on disk: safetensors plus JSON, never half-written.

A checkpoint is three files that share a stem such as `epoch_0010`: `.safetensors` (weights),
`.optimizer.safetensors` (only beside the newest one) and `.json`. The JSON is written last and
holds the sha256 of the weights, so a checkpoint exists exactly when its JSON does.
"""

import copy
import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from ..core.device import to_device
from ..core.files import read_whole, sha256, write_json, write_whole
from ..core.paths import expanded
from ..core.weights import read_tensors, tensors_to_bytes
from ..errors import CheckpointError, one_line
from ..vae.networks import VAE
from .history import OF_THE_MODEL, parse_meta

WEIGHTS = ".safetensors"
OPTIMIZER = ".optimizer.safetensors"
# The name of each file of a checkpoint, also of one that was being written.
PART = (
    r"(?P<stem>epoch_(?P<epoch>[0-9]{4,}))\.(json|safetensors|optimizer\.safetensors)"
    r"(?P<partial>\.partial)?"
)
LONGEST_JSON = 2**24  # bytes; 9,999 epochs take a fifth of it
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


def drop_superseded(folder: Path, keep: Container[int]) -> None:
    """Delete what the newest checkpoint supersedes, and what a crash has left of older ones.

    Older epochs in `keep` lose the state of their optimizers only.
    """
    *older, newest = all_checkpoints(folder)
    for path in older:
        drop_checkpoint(path, weights_too=epoch_of(path) not in keep)
    for file in folder.iterdir():
        part = re.fullmatch(PART, file.name)
        is_orphan = part and not (folder / f"{part['stem']}.json").exists()
        if part and int(part["epoch"]) <= epoch_of(newest) and (is_orphan or part["partial"]):
            file.unlink(missing_ok=True)


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
    settings = {name: meta["config"][name] for name in OF_THE_MODEL}
    model = VAE(**settings).float()  # whatever the process's default type is
    wanted = model.state_dict()
    weights = _read_tensors(path.with_suffix(WEIGHTS), meta["sha256"], wanted)
    model.load_state_dict(weights)
    return to_device(model, device).eval(), meta


def load_optimizers(path: Path, optimizers: Optimizers) -> None:
    """Restore the states that `save_checkpoint` wrote beside the checkpoint at `path`."""
    states = [optimizer.state_dict() for optimizer in optimizers]
    places = _places(states)
    meta = read_meta(path)
    wanted = _after_a_step(optimizers) if meta["epoch"] else {}
    tensors = _read_tensors(path.with_suffix(OPTIMIZER), meta.get("optimizer_sha256"), wanted)
    for name, tensor in tensors.items():
        number, key = name.split(".")
        state, index = places[int(number)]
        state.setdefault(index, {})[key] = tensor
    for optimizer, state in zip(optimizers, states, strict=True):
        optimizer.load_state_dict(state)
        _lay_out_as_weights(optimizer)


def find_checkpoint(path: str | Path) -> Path:
    """Return the JSON of a checkpoint named by its JSON, its weights or its folder (the newest)."""
    path = expanded(path)
    if path.is_dir():
        return latest_checkpoint(path) or _refuse_missing(path)
    return path.with_suffix(".json") if path.suffix == WEIGHTS else path


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the JSON of the newest checkpoint in `folder`, or None."""
    found = all_checkpoints(folder)
    return found[-1] if found else None


def all_checkpoints(folder: Path) -> list[Path]:
    """Return the JSONs of all checkpoints in `folder`, oldest epoch first."""
    candidates = [path for path in folder.glob("epoch_*.json") if re.fullmatch(PART, path.name)]
    return sorted(candidates, key=epoch_of)


def epoch_of(path: Path) -> int:
    """Return the epoch that a checkpoint's file name states."""
    return int(path.stem[6:])


def read_meta(path: Path) -> dict[str, Any]:
    """Read a checkpoint's JSON. Raises CheckpointError if it is missing or no checkpoint."""
    try:
        meta = parse_meta(read_whole(path, LONGEST_JSON))
    except FileNotFoundError:
        _refuse_missing(path)
    except (ValueError, OSError) as error:
        _refuse_foreign(path, error)
    named = re.fullmatch(PART, path.name)
    if named and int(named["epoch"]) != meta["epoch"]:
        _refuse_foreign(path, f"it is of epoch {meta['epoch']}")
    return meta


def write_meta(path: Path, meta: dict) -> None:
    """Write a checkpoint's JSON, whole or not at all."""
    write_json(path, meta)


def _numbered(optimizers: Optimizers) -> Iterator[tuple[str, Tensor]]:
    """Yield the optimizers' states as `number.key` and tensor; numbers go on across optimizers."""
    number = 0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                for key, value in optimizer.state[parameter].items():
                    yield f"{number}.{key}", value
                number += 1


def _after_a_step(optimizers: Optimizers) -> dict[str, Tensor]:
    """Return the states that these optimizers have after one step, as `_numbered` names them."""
    rehearsal = copy.deepcopy(optimizers)
    for optimizer in rehearsal:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    return dict(_numbered(rehearsal))


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


def _read_tensors(
    path: Path, expected: str | None, wanted: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Do as `weights.read_tensors` does; raise CheckpointError."""
    try:
        return read_tensors(path, wanted, expected)
    except FileNotFoundError:
        _refuse_missing(path)
    except (ValueError, OSError) as error:
        _refuse_damaged(path, error)


def _refuse_damaged(path: Path, why: object) -> NoReturn:
    raise CheckpointError(
        f"{path} does not belong to its JSON or is damaged ({one_line(why, 200)}); restore both "
        "files together, or train again into another folder"
    ) from None


def _refuse_missing(path: Path) -> NoReturn:
    raise CheckpointError(
        f"{path} does not exist or holds no checkpoint; "
        "name a folder, .json or .safetensors written by `python -m vaehelpers train`"
    ) from None


def _refuse_foreign(path: Path, why: object) -> NoReturn:
    raise CheckpointError(
        f"{path} is not a vaehelpers checkpoint ({one_line(why, 200)}); name a folder, .json or "
        ".safetensors written by `python -m vaehelpers train`, or train into another folder"
    ) from None
