"""Walks through latent space: where an explorer's sliders lead, and what is seen there, as arrays and PNG bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.stats import norm
from torch import Tensor

from . import latent
from .data import LEVELS
from .model import VAE
from .objective import KLD

VIEWS = ("mean", "mode", "sample")
SCALE = 10  # screen pixels to a side of an image's pixel
BAR = 8  # screen pixels to the bar of a level
INK = 255  # the colour's place in the palette; the rest are greys
PALETTE = [level for grey in range(INK) for level in 3 * (grey,)] + [0xD5, 0x5E, 0x00]


@dataclass(frozen=True)
class Walk:
    """Sliders over latents z = `origin` + sum of value times direction.

    `origin` is `[D]` and `directions` `[n,D]`, one for each slider. With `percent`, values are percentiles of the
    prior, turned into standard deviations before they multiply. `chart`, if given, is a map `[1,H,W]` of values 0..1
    over two percentiles. `images` are levels `[N,1,28,28]` that can be looked up. `name` is that of the explorer.
    """

    name: str
    model: VAE
    origin: Tensor
    directions: Tensor
    labels: tuple[str, ...]
    start: tuple[float, ...]
    low: float
    high: float
    step: float
    percent: bool = False
    chart: Tensor | None = None
    images: Tensor | None = None

    def latents(self, values: Sequence[float], origin: Tensor | None = None) -> Tensor:
        """Return z, `[D]`, for slider values, from `origin` if it is another than the walk's own."""
        steps = torch.tensor(values, dtype=torch.float64)
        steps = torch.as_tensor(norm.ppf(steps / 100)) if self.percent else steps
        return (self.origin if origin is None else origin) + (
            steps @ self.directions.double()
        ).float()

    def through(self, z: Tensor) -> tuple[list[float], Tensor]:
        """Return slider values as near to z `[D]` as they come, and the origin from which they lead to it exactly.

        It takes directions that are orthogonal and of unit length.
        """
        along = self.directions @ z
        along = 100 * torch.as_tensor(norm.cdf(along)) if self.percent else along.double()
        values = ((along / self.step).round() * self.step).clamp(self.low, self.high)
        values = [round(value, 6) for value in values.tolist()]
        return values, z - self.latents(values, torch.zeros_like(z))


def over_prior(model: VAE, images: Tensor | None = None, name: str = "prior") -> Walk:
    """Return a walk over the percentiles 1 to 99 of two latents, with the manifold as its map.

    Raises ValueError unless `model.z_dim` is 2.
    """
    if model.z_dim != 2:
        raise ValueError(f"over_prior needs a model with z_dim=2, got z_dim={model.z_dim}")
    chart = latent.visualize_manifold(model.decoder, 20)
    return Walk(
        name,
        model,
        torch.zeros(2),
        torch.eye(2),
        ("z1 [%]", "z2 [%]"),
        (50, 50),
        1,
        99,
        1,
        percent=True,
        chart=chart,
        images=images,
    )


def over_active(model: VAE, images: Tensor, count: int = 6, name: str = "active") -> Walk:
    """Return a walk along the `count` latents with the largest mean KL on `images`, in prior standard deviations."""
    mean, log_std = latent.encode(model, images)
    kl = KLD(mean[..., None], log_std[..., None]).mean(0)  # [D]
    order = kl.argsort(descending=True)[:count].tolist()
    labels = tuple(f"z{i + 1} ({kl[i]:.1f} nats)" for i in order)
    return Walk(
        name,
        model,
        torch.zeros(model.z_dim),
        torch.eye(model.z_dim)[order],
        labels,
        (0,) * len(order),
        -3,
        3,
        0.05,
        images=images,
    )


def between(model: VAE, first: Tensor, last: Tensor, name: str = "between") -> Walk:
    """Return a walk on the straight line from the code of one image to that of another, levels `[1,28,28]`."""
    (start, end), _ = latent.encode(model, torch.stack([first, last]))
    return Walk(name, model, start, (end - start)[None], ("from 1st to 2nd",), (0,), 0, 1, 0.01)


def coordinates(z: Tensor) -> str:
    """Name a place in latent space by its first two coordinates, in standard deviations of the prior."""
    return f"z = ({', '.join(f'{value:.2f}' for value in z[:2].tolist())}{', ...' * (len(z) > 2)})"


def noise() -> Tensor:
    """Return the uniform number of each pixel, `[28,28]`, always the same, so that samples do not flicker."""
    return torch.rand(28, 28, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def chances(model: VAE, z: Tensor) -> Tensor:
    """Return the probabilities of each pixel's levels at z `[D]`: `[16,28,28]`, on the CPU."""
    return model.decoder(z[None].to(model.device))[0].softmax(0).cpu()


def levels(p: Tensor, view: str) -> Tensor:
    """Turn probabilities `[16,28,28]` into a picture in grey levels 0..15, floats `[28,28]`, by one of `VIEWS`."""
    if view == "mean":
        return (p * torch.arange(LEVELS)[:, None, None]).sum(0)
    return (
        p.argmax(0).float()
        if view == "mode"
        else (p.cumsum(0) <= noise()).sum(0).clamp(max=LEVELS - 1).float()
    )


def greys(p: Tensor, view: str) -> np.ndarray:
    """Return the picture of `levels` as bytes 0..255, `[28,28]`."""
    return (levels(p, view) / (LEVELS - 1) * 255).round().byte().numpy()


def frame(
    walk: Walk,
    values: Sequence[float],
    origin: Tensor,
    view: str,
    pixel: tuple[int, int],
    chart: np.ndarray | None = None,
) -> bytes:
    """Draw what is seen at slider values as PNG bytes: map with marker, picture with a pixel marked, its chances.

    `pixel` is a row and a column; `chart` is the map as `chart_bytes` made it.
    """
    p = chances(walk.model, walk.latents(values, origin))
    picture = np.minimum(greys(p, view), INK - 1).repeat(SCALE, 0).repeat(SCALE, 1)
    _outline(picture, SCALE * pixel[0], SCALE * pixel[1], SCALE)
    parts = [picture, _bars(p[:, pixel[0], pixel[1]])]
    if chart is not None:
        marked, size = chart.copy(), len(chart)
        _outline(
            marked,
            round((1 - values[1] / 100) * size) - 5,
            round(values[0] / 100 * size) - 5,
            SCALE,
        )
        parts.insert(0, marked)
    image = Image.fromarray(
        np.hstack([np.pad(part, ((0, 0), (0, SCALE)), constant_values=INK - 1) for part in parts])
    )
    image.putpalette(PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def chart_bytes(walk: Walk) -> np.ndarray | None:
    """Return the walk's map as bytes 0..254, as large as a picture, or None if it has none."""
    if walk.chart is None:
        return None
    small = Image.fromarray((walk.chart[0] * (INK - 1)).round().byte().numpy())
    return np.array(small.resize(2 * (28 * SCALE,), Image.Resampling.BOX))


def _outline(picture: np.ndarray, top: int, left: int, size: int) -> None:
    """Draw a border around a square of `picture`, or along the edge where it would lie outside."""
    square = picture[max(0, top - 1) : top + size + 1, max(0, left - 1) : left + size + 1]
    inside = square[1:-1, 1:-1].copy()
    square[:] = INK
    square[1:-1, 1:-1] = inside


def _bars(p: Tensor) -> np.ndarray:
    """Draw probabilities `(16,)` as bars that fill the height of a picture at 1."""
    height = 28 * SCALE
    tops = (height * (1 - p.numpy())).round().repeat(BAR)
    return np.where(np.arange(height)[:, None] >= tops, 100, INK - 1).astype(np.uint8)
