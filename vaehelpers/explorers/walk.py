"""Walks through latent space: where an explorer's sliders lead."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..vae.latent import encode, visualize_manifold
from ..vae.networks import VAE
from ..vae.objective import KLD

VIEWS = ("mean", "mode", "sample")


@dataclass(frozen=True)
class Axis:
    """The values that every slider of a walk can take: from `low` to `high` in steps of `step`.

    With `percent` they are percentiles of the prior, turned into standard deviations before they
    multiply a direction.
    """

    low: float
    high: float
    step: float
    percent: bool = False


@dataclass(frozen=True)
class Walk:
    """Sliders over latents z = `origin` + sum of value times direction.

    `origin` is `[D]` and `directions` `[n,D]`, one for each slider; `labels` and `start` are the
    sliders' names and first values. `chart`, if given, is a map `[1,H,W]` of values 0..1 over two
    percentiles. `images` are levels `[N,1,28,28]` that can be looked up. `name` is that of the
    explorer.
    """

    name: str
    model: VAE
    origin: Tensor
    directions: Tensor
    labels: tuple[str, ...]
    start: tuple[float, ...]
    axis: Axis
    chart: Tensor | None = None
    images: Tensor | None = None

    def latents(self, values: Sequence[float], origin: Tensor | None = None) -> Tensor:
        """Return z, `[D]`, for slider values; `origin`, if given, replaces the walk's own."""
        steps = torch.tensor(values, dtype=torch.float64)
        if self.axis.percent:
            steps = torch.special.ndtri(steps / 100)
        away = (steps @ self.directions.double()).float()
        return (self.origin if origin is None else origin) + away

    def through(self, z: Tensor) -> tuple[list[float], Tensor]:
        """Return the slider values nearest to z `[D]`, and the origin from which they give z.

        Directions must be orthogonal and of unit length.
        """
        along = (self.directions @ z).double()
        if self.axis.percent:
            along = 100 * torch.special.ndtr(along)
        axis = self.axis
        on_grid = ((along / axis.step).round() * axis.step).clamp(axis.low, axis.high)
        values = [round(value, 6) for value in on_grid.tolist()]
        return values, z - self.latents(values, torch.zeros_like(z))


def over_prior(model: VAE, images: Tensor | None = None, name: str = "prior") -> Walk:
    """Return a walk over the percentiles 1 to 99 of two latents, with the manifold as its map.

    Raises ValueError unless `model.z_dim` is 2.
    """
    if model.z_dim != 2:
        raise ValueError(f"over_prior needs a model with z_dim=2, got z_dim={model.z_dim}")
    return Walk(
        name,
        model,
        origin=torch.zeros(2),
        directions=torch.eye(2),
        labels=("z1 [%]", "z2 [%]"),
        start=(50, 50),
        axis=Axis(1, 99, 1, percent=True),
        chart=visualize_manifold(model.decoder, 20),
        images=images,
    )


def over_active(model: VAE, images: Tensor, count: int = 6, name: str = "active") -> Walk:
    """Return a walk along the `count` latents with the largest mean KL on `images`.

    Values are in standard deviations of the prior.
    """
    mean, log_std = encode(model, images)
    kl = KLD(mean[..., None], log_std[..., None]).mean(0)  # [D]
    order = kl.argsort(descending=True)[:count].tolist()
    return Walk(
        name,
        model,
        origin=torch.zeros(model.z_dim),
        directions=torch.eye(model.z_dim)[order],
        labels=tuple(f"z{i + 1} ({kl[i]:.1f} nats)" for i in order),
        start=(0,) * len(order),
        axis=Axis(-3, 3, 0.05),
        images=images,
    )


def between(model: VAE, first: Tensor, last: Tensor, name: str = "between") -> Walk:
    """Return a walk on the straight line between the codes of two images, levels `[1,28,28]`."""
    (start, end), _ = encode(model, torch.stack([first, last]))
    return Walk(
        name,
        model,
        origin=start,
        directions=(end - start)[None],
        labels=("from 1st to 2nd",),
        start=(0,),
        axis=Axis(0, 1, 0.01),
    )


def coordinates(z: Tensor) -> str:
    """Name a place in latent space by its first two coordinates, in std of the prior."""
    shown = [f"{value:.2f}" for value in z[:2].tolist()]
    if len(z) > 2:
        shown.append("...")
    return f"z = ({', '.join(shown)})"
