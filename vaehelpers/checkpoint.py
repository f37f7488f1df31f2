"""Weights, configuration and history on disk: safetensors plus JSON, written so that a crash leaves no half.

A checkpoint is three files that share a stem such as `epoch_0010`: `.safetensors` (weights),
`.optimizer.safetensors` (only beside the newest one) and `.json`. The JSON is written last and holds
the sha256 of the weights, so a checkpoint exists exactly when its JSON does.
"""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from .device import place
from .errors import CheckpointError
from .model import VAE

PUBLISHED = Path(__file__).parent / "weights"


def save(
    folder: Path, epoch: int, model: VAE, optimizers: list[torch.optim.Optimizer], meta: dict
) -> Path:
    """Write the checkpoint of `epoch` into `folder` and return its JSON path. `meta` must be JSON-ready."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"epoch_{epoch:04d}"
    weights, state = (
        tensors_to_bytes(part) for part in (_on_cpu(model.state_dict()), _flat(optimizers))
    )
    _write(stem.with_suffix(".optimizer.safetensors"), state)
    _write(stem.with_suffix(".safetensors"), weights)
    write_meta(
        stem.with_suffix(".json"),
        {"epoch": epoch, "sha256": _hash(weights), "optimizer_sha256": _hash(state), **meta},
    )
    return stem.with_suffix(".json")


def drop(path: Path, weights_too: bool) -> None:
    """Delete a superseded checkpoint: its optimizer state, and with `weights_too` all of it, JSON first."""
    endings = [".json", ".safetensors"] if weights_too else []
    for ending in [*endings, ".optimizer.safetensors"]:
        path.with_suffix(ending).unlink(missing_ok=True)


def load(path: str | Path, device: str | torch.device = "cpu") -> tuple[VAE, dict]:
    """Rebuild the VAE of a checkpoint; `path` is its JSON, its weights or a folder (then the newest).

    Returns the model in evaluation mode and the JSON's contents. Raises `CheckpointError`.
    """
    meta = read_meta(path := find(path))
    weights = _tensors(path.with_suffix(".safetensors"), meta["sha256"])
    try:
        model = VAE(**{key: meta["config"][key] for key in ("num_filters", "z_dim", "lr")})
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError):
        _not_one(path)
    return place(model, device).eval(), meta


def load_optimizers(path: Path, optimizers: list[torch.optim.Optimizer]) -> None:
    """Restore the states that `save` wrote beside the checkpoint at `path`."""
    states = [optimizer.state_dict() for optimizer in optimizers]
    places = [
        (state["state"], index)
        for state in states
        for group in state["param_groups"]
        for index in group["params"]
    ]
    sha256 = read_meta(path).get("optimizer_sha256")
    for name, tensor in _tensors(path.with_suffix(".optimizer.safetensors"), sha256).items():
        number, key = name.split(".")
        state, index = places[int(number)]
        state.setdefault(index, {})[key] = tensor
    for optimizer, state in zip(optimizers, states, strict=True):
        optimizer.load_state_dict(state)
        for (
            weight,
            entry,
        ) in (
            optimizer.state.items()
        ):  # laid out in memory as the weights are: fused Adam relies on it
            entry |= {
                key: torch.empty_like(weight).copy_(x)
                for key, x in entry.items()
                if x.shape == weight.shape
            }


def find(path: str | Path) -> Path:
    """Return the JSON of a checkpoint named by its JSON, its weights or its folder (then the newest)."""
    path = Path(path)
    if path.is_dir():
        return latest(path) or _missing(path)
    return path.with_suffix(".json") if path.suffix == ".safetensors" else path


def latest(folder: Path) -> Path | None:
    """Return the JSON of the newest checkpoint in `folder`, or None."""
    return (found(folder) or [None])[-1]


def found(folder: Path) -> list[Path]:
    """Return the JSONs of all checkpoints in `folder`, oldest epoch first."""
    return sorted(
        (path for path in folder.glob("epoch_*.json") if path.stem[6:].isdecimal()), key=epoch_of
    )


def epoch_of(path: Path) -> int:
    """Return the epoch that a checkpoint's file name states."""
    return int(path.stem[6:])


def published(z_dim: int, epoch: int, variant: str = "") -> Path:
    """Return the path of shipped weights: `z_dim` 20 after 10 or 80 epochs, `z_dim` 2 after 80.

    The recipe is the practical's. With 20 latents there are variants too: `best`, after 80 epochs with that recipe,
    and after 10 epochs `autoencoder`, and `beta0.1`, `beta10` and `beta784`, named after the weight of the KL.
    Raises `CheckpointError` where there are none.
    """
    folder = "-".join(filter(None, [f"z{z_dim:02d}", variant]))
    path = PUBLISHED / folder / f"epoch_{epoch:04d}.json"
    if not path.is_file():
        have = ", ".join(f"{p.parent.name} epoch {epoch_of(p)}" for p in all_published())
        raise CheckpointError(
            f"no published weights {folder} epoch {epoch}; there are: {have or 'none'}"
        )
    return path


def all_published() -> list[Path]:
    """Return the JSONs of all shipped weights."""
    return [path for folder in sorted(PUBLISHED.glob("z*")) for path in found(folder)]


def read_meta(path: Path) -> dict:
    """Read a checkpoint's JSON. Raises `CheckpointError` where it is missing or not one."""
    try:
        meta = json.loads(path.read_text())
        whole = (
            isinstance(meta["sha256"], str) and meta["history"][-1]["epoch"] == meta["epoch"] >= 0
        )
        return meta if whole and isinstance(meta["config"], dict) else _not_one(path)
    except FileNotFoundError:
        _missing(path)
    except (ValueError, KeyError, TypeError, IndexError, OSError):
        _not_one(path)


def write_meta(path: Path, meta: dict) -> None:
    """Write a checkpoint's JSON, whole or not at all."""
    _write(path, (json.dumps(meta, indent=1) + "\n").encode())


def save_plain(model: nn.Module, path: Path) -> Path:
    """Write the weights of a model that is no VAE, whole or not at all, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, tensors_to_bytes(_on_cpu(model.state_dict())))
    return path


def load_plain(model: nn.Module, path: Path, what: str, command: str) -> nn.Module:
    """Return `model` with the weights at `path`, in evaluation mode; CheckpointError, naming the remedy, if broken."""
    try:
        model.load_state_dict(tensors_from_bytes(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not hold the weights of {what} ({type(error).__name__}); "
            f"restore it, or train again with `python -m vaehelpers {command}`"
        ) from None
    return model.eval()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a neighbour first, flushed to disk, then renamed."""
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _on_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def _flat(optimizers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """Flatten the optimizers' states to `{number.key: tensor}`, as safetensors wants it; parameters count through."""
    entries = [
        optimizer.state[parameter]
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    return _on_cpu(
        {f"{i}.{key}": value for i, entry in enumerate(entries) for key, value in entry.items()}
    )


def _tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
        if sha256 and _hash(content) != sha256:
            raise CheckpointError(
                f"{path} does not match the sha256 in its JSON; restore both files together"
            )
        return tensors_from_bytes(content)
    except FileNotFoundError:
        _missing(path)
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({error}); restore or delete it"
        ) from None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _missing(path: Path):
    raise CheckpointError(
        f"{path} does not exist or holds no checkpoint; "
        "name a folder, .json or .safetensors written by `python -m vaehelpers train`"
    )


def _not_one(path: Path):
    raise CheckpointError(f"{path} is not a vaehelpers checkpoint; restore it or delete its folder")
