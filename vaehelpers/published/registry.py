"""The trained weights that come with the package, by name."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..attention.reversal import build_translator
from ..core.weights import load_weights
from ..errors import CheckpointError
from ..training.checkpoint import all_checkpoints, epoch_of, load_checkpoint
from ..vae.networks import VAE

WEIGHTS = Path(__file__).parent / "weights"
TRANSLATORS = WEIGHTS / "reversal"


def published_checkpoint(z_dim: int, epoch: int, variant: str = "") -> Path:
    """Return the path of shipped weights: `z_dim` 20 after 10 or 80 epochs, `z_dim` 2 after 80.

    The recipe is the practical's. With 20 latents there are variants too: `best`, after 80 epochs
    with that recipe; and after 6 epochs with the recipe `fast`: `fast`, `autoencoder`, and
    `beta0.1`, `beta10` and `beta784`, named after the weight of the KL. Raises CheckpointError
    where there are none.
    """
    folder = f"z{z_dim:02d}-{variant}" if variant else f"z{z_dim:02d}"
    path = WEIGHTS / folder / f"epoch_{epoch:04d}.json"
    if not path.is_file():
        have = ", ".join(f"{p.parent.name} epoch {epoch_of(p)}" for p in all_published())
        raise CheckpointError(
            f"no published weights {folder} epoch {epoch}; there are: {have or 'none'}"
        )
    return path


def load_published(
    z_dim: int, epoch: int, variant: str = "", device: str | torch.device = "cpu"
) -> tuple[VAE, dict[str, Any]]:
    """Return a shipped VAE, in evaluation mode, and its JSON: settings, history, test score.

    For example `model, meta = load_published(2, 80)`; `published_checkpoint` says which there are.
    Raises CheckpointError for others.
    """
    return load_checkpoint(published_checkpoint(z_dim, epoch, variant), device)


def all_published() -> list[Path]:
    """Return the JSONs of all shipped VAEs."""
    paths = []
    for folder in sorted(WEIGHTS.glob("z*")):
        paths += all_checkpoints(folder)
    return paths


def translator_path(kind: str, folder: Path = TRANSLATORS) -> Path:
    """Return where the weights of one of `reversal.KINDS` are kept."""
    return folder / f"{kind}.safetensors"


def load_translator(kind: str, folder: Path = TRANSLATORS) -> nn.Module:
    """Return the trained model of one of `reversal.KINDS`, in evaluation mode.

    Raises CheckpointError if its weights are not whole.
    """
    path = translator_path(kind, folder)
    model = build_translator(kind).float()  # whatever the process's default type is
    return load_weights(model, path, f"the {kind} model", "reversal")
