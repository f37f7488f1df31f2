"""Training films: what a network makes of the same images and the same z as it is trained.

`python -m vaehelpers films` trains both networks of the practical's recipe anew for twenty epochs,
and records a frame after each. The last frame is that of the published weights, after eighty.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..core.files import read_whole, sha256, write_whole
from ..data.constants import LEVELS
from ..data.dataset import Dataset
from ..figures.grid import levels_png
from ..training import TrainConfig, fit
from ..training.checkpoint import all_checkpoints, load_checkpoint
from ..training.history import EpochRecord, Sha256
from ..vae.latent import encode, tile, visualize_manifold
from ..vae.networks import VAE, mean_levels
from .registry import load_published

NAME = "films"  # of the record
EPOCHS, LAST = 20, 80
COLUMNS = 10  # pictures in a row, and rows of a manifold
WIDTH = COLUMNS * 28
HEIGHTS = {20: 2 * 28, 2: WIDTH}  # of a frame, by the network's latents
LONGEST = 2**22  # bytes of a strip of frames


@dataclass(frozen=True)
class FilmPart:
    """What the record holds of a film; its frames are in a PNG of their own, one below the other.

    `frames` is the PNG's hash, `weights` that of the weights in the last frame.
    """

    weights: Sha256
    frames: Sha256
    epochs: list[int]
    val_bpd: list[float]


@dataclass(frozen=True)
class Film:
    """Frames of a training, as levels 0..15: bytes `[F,H,280]`, with epochs and validation bpd.

    With 20 latents a frame has two rows of ten pictures, H = 56: test images redrawn, and pictures
    made up from z that are always the same. With two it is the manifold of 10 x 10, H = 280. All
    are mean levels, rounded.
    """

    epochs: list[int]
    val_bpd: list[float]
    frames: np.ndarray

    @property
    def captions(self) -> list[str]:
        """What a reader is told of each frame: its epoch and its validation bpd."""
        return [
            f"epoch {epoch}: {bpd:.3f} bits per pixel on validation images"
            for epoch, bpd in zip(self.epochs, self.val_bpd, strict=True)
        ]


def check_parts(parts: dict[str, Any]) -> None:
    """Raise ValueError, which says what is wrong, unless a record's parts have their types."""
    msgspec.convert(parts, dict[str, FilmPart])


def part_name(z_dim: int) -> str:
    """Return the name of a film in the record, and of its PNG."""
    return f"film-z{z_dim:02d}"


@torch.no_grad()
def frame(model: VAE, images: Tensor) -> np.ndarray:
    """Return what a network shows at one moment, as levels: bytes `[H,280]`, as in `Film`.

    `images` are ten of levels `[10,1,28,28]`; a manifold needs none of them.
    """
    if model.z_dim == 2:
        picture = visualize_manifold(model.decoder, COLUMNS) * (LEVELS - 1)
    else:
        generator = torch.Generator().manual_seed(TrainConfig.defaults()["seed"])
        made_up = torch.randn(COLUMNS, model.z_dim, generator=generator)
        codes, _ = encode(model, images)
        z = torch.cat([codes, made_up]).to(model.device)
        picture = tile(mean_levels(model.decoder(z)).cpu(), COLUMNS)
    return picture[0].round().byte().numpy()


def record_film(
    data: Dataset, z_dim: int, folder: Path, watch: Callable[[EpochRecord], None]
) -> tuple[dict[str, Any], bytes]:
    """Train for twenty epochs, and return a film's part of the record and the PNG of its frames.

    An interrupted training goes on from what is in `folder`, where the weights of every epoch are
    kept. `watch` gets each epoch's record. Raises what `fit` raises.
    """
    images = data.test.images[:COLUMNS]
    config = TrainConfig(recipe="practical", z_dim=z_dim, epochs=EPOCHS, compiled=True)
    scores, frames = [], []
    for record, _ in fit(data, config, folder=folder, keep=tuple(range(EPOCHS))):
        watch(record)
        scores.append(record.val_bpd)
    for path in all_checkpoints(folder):  # `fit` gives old epochs of a resumed run today's weights
        frames.append(frame(load_checkpoint(path)[0], images))
    model, meta = load_published(z_dim, LAST)
    scores.append(meta["history"][LAST]["val_bpd"])
    frames.append(frame(model, images))
    png = levels_png(np.concatenate(frames))
    part = FilmPart(meta["sha256"], sha256(png), [*range(EPOCHS + 1), LAST], scores)
    return msgspec.to_builtins(part), png


def save_frames(z_dim: int, png: bytes, folder: Path) -> None:
    """Write a film's PNG into a folder, whole or not at all; raise OutputError if it cannot be."""
    write_whole(folder / f"{part_name(z_dim)}.png", png)


def read_film(z_dim: int, part: dict[str, Any], folder: Path) -> Film:
    """Return a recorded film of the network with `z_dim` latents, 20 or 2.

    Raises OSError where its PNG cannot be read, and ValueError where it is not the recorded one.
    """
    path = folder / f"{part_name(z_dim)}.png"
    png = read_whole(path, LONGEST)
    if sha256(png) != part["frames"]:
        raise ValueError(f"the sha256 of {path.name} is not the one in the record")
    strip = np.array(Image.open(io.BytesIO(png)))
    frames = strip.reshape(-1, HEIGHTS[z_dim], WIDTH)
    return Film(part["epochs"], part["val_bpd"], frames)
