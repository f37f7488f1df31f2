"""log p(x) of a trained VAE: bounds by importance sampling, and for two latents its value, by quadrature."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from . import progress
from .model import VAE

REACH = (
    10.0  # half the side of the square that is integrated over: the prior's mass beyond it is 3e-23
)
DEPTH = 15.0  # nats below the highest point at which small squares stay as they are, each with e^-15 of it at most
NARROW = 0.02  # a common std of the posterior of a trained model: squares much larger than this may hide a peak
STEADY = 1e-4  # nats


class Quadrature(NamedTuple):
    """Squares that cover the latent plane, fine where the posterior or q has its mass, in double precision.

    `z` `[n,2]` are their centres, `log_joint` `(n,)` is log p(x|z) + log p(z) there, `log_area` `(n,)` their areas.
    """

    z: Tensor
    log_joint: Tensor
    log_area: Tensor

    @property
    def log_evidence(self) -> float:
        """log p(x) in nats, the midpoint rule's sum over the squares (practical, Eq. 9)."""
        return float((self.log_joint + self.log_area).logsumexp(0))

    @property
    def posterior_moments(self) -> tuple[Tensor, Tensor]:
        """Mean `(2,)` and covariance `[2,2]` of p(z|x)."""
        share = (self.log_joint + self.log_area - self.log_evidence).exp()
        mean = share @ self.z
        away = self.z - mean
        return mean, (share[:, None] * away).T @ away

    def masses(self, mean: Tensor, log_std: Tensor) -> Tensor:
        """Return what the squares hold of p(x, z) and of q = N(mean, diag(std^2)), as logarithms, `(2,)`."""
        log_q = log_normal(self.z, mean.double(), log_std.double())
        return (torch.stack([self.log_joint, log_q]) + self.log_area).logsumexp(1)

    def kl_to_posterior(self, mean: Tensor, log_std: Tensor) -> float:
        """Return KL(q || p(z|x)) in nats for q = N(mean, diag(std^2)), both `(2,)` (practical, Eq. 18)."""
        log_q = log_normal(self.z, mean.double(), log_std.double())
        log_posterior = self.log_joint - self.log_evidence
        return float(((log_q + self.log_area).exp() * (log_q - log_posterior)).sum())


@torch.no_grad()
def log_likelihood(model: VAE, images: Tensor, z: Tensor, batch_size: int = 250) -> Tensor:
    """Return log p(x|z) in nats of each image of levels `[N,1,28,28]` at each latent `[n,D]`: float64 `[N,n]`."""
    places = images.long().to(model.device)
    columns = []
    for batch in z.split(batch_size):
        logs = model.decoder(batch.float().to(model.device)).log_softmax(1)  # [n,16,28,28]
        rows = [
            logs.gather(1, place.expand(len(batch), 1, -1, -1)) for place in places
        ]  # each [n,1,28,28]
        columns.append(torch.stack([row.flatten(1).double().sum(1) for row in rows]).cpu())
    return torch.cat(columns, dim=1)


@torch.no_grad()
def importance_weights(model: VAE, images: Tensor, draws: int, seed: int = 42) -> Tensor:
    """Return log p(x|z) + log p(z) - log q(z|x) in nats at `draws` samples z of q(z|x): float64 `[N,draws]`.

    `images` are levels `[N,1,28,28]`. Their mean over z is the ELBO, the logarithm of their mean exponential is the
    bound of Burda, Grosse & Salakhutdinov 2016, Eq. 8. The noise of image i depends on `seed` and i alone, so that
    a part repeats what the whole gave. Memory grows with neither N (beyond the result) nor `draws`.
    """
    zero, weights = torch.zeros(model.z_dim), torch.empty(len(images), draws, dtype=torch.float64)
    quiet = len(images) < 50 or not progress.watched()
    for i, image in enumerate(tqdm(images.split(1), "images", leave=False, disable=quiet)):
        mean, log_std = (part[0].cpu() for part in model.encoder(image.to(model.device)))
        noise = torch.Generator().manual_seed(seed * 1_000_003 + i)
        z = mean + log_std.exp() * torch.randn(draws, model.z_dim, generator=noise)
        weights[i] = (
            log_likelihood(model, image, z)[0]
            + log_normal(z, zero, zero)
            - log_normal(z, mean, log_std)
        )
    return weights


def importance_bounds(log_weights: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the importance-weighted bound on log p(x) in nats for each number K in `sizes`: `[N,n]` -> `[N,len]`.

    The n weights form n // K groups; the bound is the average over groups of log 1/K sum exp. K = 1 is the ELBO.
    Raises ValueError if a size is not between 1 and n.
    """
    if not all(1 <= size <= log_weights.shape[1] for size in sizes):
        raise ValueError(
            f"sizes must lie between 1 and the {log_weights.shape[1]} weights, got {list(sizes)}"
        )
    whole = {size: log_weights[:, : log_weights.shape[1] // size * size] for size in sizes}
    groups = [part.unflatten(1, (-1, size)) for size, part in whole.items()]
    return torch.stack(
        [(part.logsumexp(2) - math.log(part.shape[2])).mean(1) for part in groups], 1
    )


@torch.no_grad()
def quadrature(model: VAE, images: Tensor) -> list[Quadrature]:
    """Integrate p(x|z) p(z) over two latents for each image of levels `[N,1,28,28]`: the last of its `rounds`.

    Raises ValueError unless the model has two latents.
    """
    return [last for *_, last in rounds(model, images)]


@torch.no_grad()
def rounds(
    model: VAE, images: Tensor, coarse: float = 0.2, halvings: int = 6
) -> Iterator[list[Quadrature]]:
    """Cover the latent plane with squares of side `coarse`, then halve them where it matters; yield every round.

    Yielded is, for each image of levels `[N,1,28,28]`, the list of its rounds, the coarse squares first. A round cuts
    in four those whose centre is not too far below the highest, or which the encoder's q(z|x) needs; the threshold
    falls with the side, because a peak can hide between the centres of large squares. The last round changes nothing
    by more than `STEADY`, or is number `halvings`.
    Raises ValueError unless the model has two latents.
    """
    if model.z_dim != 2:
        raise ValueError(f"quadrature needs a model with z_dim=2, got z_dim={model.z_dim}")
    axis = torch.arange(-REACH + coarse / 2, REACH, coarse, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    codes = zip(
        *(part.double().cpu() for part in model.encoder(images.to(model.device))), strict=True
    )
    for image, values, code in zip(
        images.split(1), log_likelihood(model, images, z), codes, strict=True
    ):
        found = [_squares(z, values, coarse)]
        for n in range(halvings):
            found.append(_halved(model, image, found[-1], coarse / 2**n, *code))
            before, after = (each.masses(*code) for each in found[-2:])
            if (after - before).abs().max() < STEADY:
                break
        yield found


def _squares(z: Tensor, values: Tensor, side: float) -> Quadrature:
    """Return the squares of one size around `z` `[n,2]`, at which log p(x|z) is `values`."""
    log_joint = values + log_normal(z, torch.zeros(2), torch.zeros(2))
    return Quadrature(z, log_joint, torch.full_like(log_joint, 2 * math.log(side)))


def _halved(
    model: VAE, image: Tensor, squares: Quadrature, side: float, mean: Tensor, log_std: Tensor
) -> Quadrature:
    """Cut the smallest of the squares, those of side `side`, in four where it matters."""
    newest = squares.log_area < 2 * math.log(side) + 1e-6
    distance = ((squares.z - mean).abs() - side / 2).clamp(
        min=0
    ) / log_std.exp()  # of the square, in std of q
    high = squares.log_joint > squares.log_joint.max() - DEPTH * (1 + side / NARROW)
    cut = newest & (high | (distance.square().sum(1) < 2 * DEPTH))
    corners = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * side / 4
    z = (squares.z[cut, None] + corners).view(-1, 2)
    small = _squares(z, log_likelihood(model, image, z)[0], side / 2)
    return Quadrature(
        *(torch.cat([old[~cut], new]) for old, new in zip(squares, small, strict=True))
    )


def log_normal(z: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Return log N(z | mean, diag(std^2)) in nats: `[n,D]` -> `(n,)`."""
    u = (z - mean) / log_std.exp()
    return -0.5 * u.square().sum(-1) - log_std.sum() - z.shape[-1] / 2 * math.log(2 * math.pi)
