"""log p(x) of a trained VAE with two latents, by quadrature over the latent plane, and the true posterior with it."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .model import VAE

REACH = 10.0  # half the side of the square that is integrated over: the prior's mass beyond it is 3e-23
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
        rows = [logs.gather(1, place.expand(len(batch), 1, -1, -1)) for place in places]  # each [n,1,28,28]
        columns.append(torch.stack([row.flatten(1).double().sum(1) for row in rows]).cpu())
    return torch.cat(columns, dim=1)


@torch.no_grad()
def quadrature(model: VAE, images: Tensor, coarse: float = 0.2, halvings: int = 6) -> list[Quadrature]:
    """Integrate p(x|z) p(z) over two latents for each image of levels `[N,1,28,28]`, halving squares where it matters.

    Squares begin with sides `coarse`. A round cuts in four those whose centre is not too far below the highest, or
    which the encoder's q(z|x) needs; the threshold falls with the side, because a peak can hide between the centres
    of large squares. It ends when a round changes nothing by more than `STEADY`, or after `halvings` rounds.
    Raises ValueError unless the model has two latents.
    """
    if model.z_dim != 2:
        raise ValueError(f"quadrature needs a model with z_dim=2, got z_dim={model.z_dim}")
    axis = torch.arange(-REACH + coarse / 2, REACH, coarse, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    q = (part.double().cpu() for part in model.encoder(images.to(model.device)))
    rows = zip(images.split(1), log_likelihood(model, images, z), *q, strict=True)
    return [_refine(model, image, z, values, coarse, halvings, mean, log_std) for image, values, mean, log_std in rows]


def _refine(model: VAE, image: Tensor, z: Tensor, values: Tensor, side: float, halvings: int,
            mean: Tensor, log_std: Tensor) -> Quadrature:
    """Cut the squares of side `side` around `z` `[n,2]`, at which log p(x|z) is `values`, where it matters."""
    log_joint = values + log_normal(z, torch.zeros(2), torch.zeros(2))
    squares = Quadrature(z, log_joint, torch.full_like(log_joint, 2 * math.log(side)))
    for _ in range(halvings):
        before, newest = squares.masses(mean, log_std), squares.log_area < 2 * math.log(side) + 1e-6
        distance = ((squares.z - mean).abs() - side / 2).clamp(min=0) / log_std.exp()  # of the square, in std of q
        high = squares.log_joint > squares.log_joint.max() - DEPTH * (1 + side / NARROW)
        cut = newest & (high | (distance.square().sum(1) < 2 * DEPTH))
        corners = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * side / 4
        z, side = (squares.z[cut, None] + corners).view(-1, 2), side / 2
        log_joint = log_likelihood(model, image, z)[0] + log_normal(z, torch.zeros(2), torch.zeros(2))
        small = Quadrature(z, log_joint, torch.full_like(log_joint, 2 * math.log(side)))
        squares = Quadrature(*(torch.cat([old[~cut], new]) for old, new in zip(squares, small, strict=True)))
        if (squares.masses(mean, log_std) - before).abs().max() < STEADY:
            break
    return squares


def log_normal(z: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Return log N(z | mean, diag(std^2)) in nats: `[n,2]` -> `(n,)`."""
    u = (z - mean) / log_std.exp()
    return -0.5 * u.square().sum(-1) - log_std.sum() - math.log(2 * math.pi)
