"""log p(x) itself, for a VAE with two latents: the integral over the latent plane.

The plane is covered with squares, which are cut in four where the integrand or q needs it.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.levels import check_images
from ..errors import InputError
from .likelihood import log_likelihood, log_normal, log_prior
from .networks import VAE

# Half the side of the square that is integrated over: the prior's mass beyond it is 3e-23.
REACH = 10.0
# Small squares this far below the peak (in nats) are not cut: e^-15 of the peak's density at most.
DEPTH = 15.0
# A common std of a trained model's posterior: squares much larger than this may hide a peak.
NARROW = 0.02
# Refining stops when no log mass changes by more than this, in nats.
STEADY = 1e-4


class Quadrature(NamedTuple):
    """Squares that cover the latent plane, fine where the posterior or q has its mass.

    `z` `[n,2]` are their centres, `log_joint` `[n]` is log p(x|z) + log p(z) there, `log_area`
    `[n]` their areas; all in double precision.
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
        """Mean `[2]` and covariance `[2,2]` of p(z|x)."""
        share = (self.log_joint + self.log_area - self.log_evidence).exp()
        mean = share @ self.z
        away = self.z - mean
        return mean, (share[:, None] * away).T @ away

    def log_masses(self, mean: Tensor, log_std: Tensor) -> Tensor:
        """Return the log of p(x, z) and of q = N(mean, diag(std^2)), summed over squares: `[2]`."""
        log_q = log_normal(self.z, mean.double(), log_std.double())
        densities = torch.stack([self.log_joint, log_q])
        return (densities + self.log_area).logsumexp(1)

    def kl_to_posterior(self, mean: Tensor, log_std: Tensor) -> float:
        """Return KL(q || p(z|x)) in nats for q = N(mean, diag(std^2)) (practical, Eq. 18).

        `mean` and `log_std` are `[2]`.
        """
        log_q = log_normal(self.z, mean.double(), log_std.double())
        log_posterior = self.log_joint - self.log_evidence
        mass = (log_q + self.log_area).exp()
        return float((mass * (log_q - log_posterior)).sum())


@torch.no_grad()
def integrate(model: VAE, images: Tensor) -> list[Quadrature]:
    """Integrate p(x|z) p(z) over two latents for each image of levels `[N,1,28,28]`.

    Returns the last of each image's `refinements`. Raises InputError unless the model has two
    latents.
    """
    return [found[-1] for found in refinements(model, images)]


@torch.no_grad()
def window(
    model: VAE, image: Tensor, squares: Quadrature, mean: Tensor, std: Tensor, size: int = 48
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Return the posterior's density on an even grid that holds it and q = N(mean, diag(std^2)).

    `squares` are those of the image of levels `[1,28,28]`; `mean` and `std` are `[2]`. Returns the
    axes (z1, z2), each `[size]`, which reach four standard deviations beyond both means, and
    p(z|x) `[size,size]` over them, relative to its highest value there. Raises InputError for an
    image that is not of levels.
    """
    centre, covariance = squares.posterior_moments
    reach = 4 * torch.maximum(covariance.diagonal().sqrt(), std.double())
    low = torch.minimum(centre, mean.double()) - reach
    high = torch.maximum(centre, mean.double()) + reach
    z1 = torch.linspace(float(low[0]), float(high[0]), size, dtype=torch.float64)
    z2 = torch.linspace(float(low[1]), float(high[1]), size, dtype=torch.float64)
    z = torch.cartesian_prod(z1, z2)
    log_joint = log_likelihood(model, image[None], z)[0] + log_prior(z)
    return (z1, z2), (log_joint - log_joint.max()).exp().view(size, size)


@torch.no_grad()
def refinements(
    model: VAE, images: Tensor, coarse: float = 0.2, halvings: int = 6
) -> Iterator[list[Quadrature]]:
    """Cover the latent plane with squares of side `coarse`, and halve the side where it matters.

    Yields, for each image of levels `[N,1,28,28]`, the list of its rounds, the coarse squares
    first. A round cuts in four those squares whose centre is not too far below the highest, or
    which the encoder's q(z|x) needs; the threshold falls with the side, because a peak can hide
    between the centres of large squares. It stops when a round changes the masses by less than
    `STEADY`, or after `halvings` rounds. Raises InputError unless the model has two latents.
    """
    if model.z_dim != 2:
        raise InputError(f"quadrature needs a model with z_dim=2, got z_dim={model.z_dim}")
    check_images(images)
    axis = torch.arange(-REACH + coarse / 2, REACH, coarse, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    log_px_given_z = log_likelihood(model, images, z)  # [N,n]
    means, log_stds = model.encoder(images.to(model.device))
    means, log_stds = means.double().cpu(), log_stds.double().cpu()
    for i, image in enumerate(images.split(1)):
        q = means[i], log_stds[i]
        found = [_squares(z, log_px_given_z[i], coarse)]
        for halving in range(halvings):
            cut = _to_be_cut(found[-1], coarse / 2**halving, q)
            finer = _cut_in_four(model, image, found[-1], cut)
            change = finer.log_masses(*q) - found[-1].log_masses(*q)
            found.append(finer)
            if change.abs().max() < STEADY:
                break
        yield found


@torch.no_grad()
def cut_for(
    model: VAE, image: Tensor, squares: Quadrature, mean: Tensor, log_std: Tensor
) -> Quadrature:
    """Cut squares until they are narrow enough for sums over q = N(mean, diag(std^2)) as well.

    `squares` are those of the image of levels `[1,28,28]`; `mean` and `log_std` are `[2]`. Where q
    has its mass, no square is left that is wider than half of q's smaller standard deviation.
    Raises InputError for an image that is not of levels, and for a q that is not finite.
    """
    check_images(image[None])
    q = mean.double(), log_std.double()
    if not torch.cat(q).isfinite().all():
        raise InputError(
            f"q has to be finite, got mean {mean.tolist()}, log std {log_std.tolist()}"
        )
    widest = 0.5 * float(q[1].exp().min())
    while True:
        side = (squares.log_area / 2).exp()
        cut = (side > widest) & _is_needed_by(q, squares.z, side)
        if not cut.any():
            return squares
        squares = _cut_in_four(model, image[None], squares, cut)


def _squares(z: Tensor, log_px_given_z: Tensor, side: float) -> Quadrature:
    """Return the squares of one size around `z` `[n,2]`, with log p(x|z) there, `[n]`."""
    log_joint = log_px_given_z + log_prior(z)
    return Quadrature(z, log_joint, torch.full_like(log_joint, 2 * math.log(side)))


def _to_be_cut(squares: Quadrature, side: float, q: tuple[Tensor, Tensor]) -> Tensor:
    """Say which of the smallest squares, those of side `side`, are to be cut: `[n]`.

    `q` is the mean and the log standard deviation that the encoder gives.
    """
    is_smallest = squares.log_area < 2 * math.log(side) + 1e-6  # side^2 is the area, up to rounding
    threshold = squares.log_joint.max() - DEPTH * (1 + side / NARROW)
    is_high = squares.log_joint > threshold
    return is_smallest & (is_high | _is_needed_by(q, squares.z, torch.tensor(side)))


def _cut_in_four(model: VAE, image: Tensor, squares: Quadrature, cut: Tensor) -> Quadrature:
    """Cut those squares in four that `cut` `[n]` names."""
    corners = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    side = (squares.log_area[cut] / 2).exp()[:, None, None]
    z = (squares.z[cut, None] + corners * side / 4).view(-1, 2)
    log_joint = log_likelihood(model, image, z)[0] + log_prior(z)
    log_area = (squares.log_area[cut] - math.log(4)).repeat_interleave(4)
    return Quadrature(
        torch.cat([squares.z[~cut], z]),
        torch.cat([squares.log_joint[~cut], log_joint]),
        torch.cat([squares.log_area[~cut], log_area]),
    )


def _is_needed_by(q: tuple[Tensor, Tensor], z: Tensor, side: Tensor) -> Tensor:
    """Say for which squares around `z` `[n,2]` q is not far below its peak somewhere: `[n]`.

    `side` is that of each square, `[n]`, or of all.
    """
    mean, log_std = q
    beyond_the_square = ((z - mean).abs() - side[..., None] / 2).clamp(min=0)
    in_std = beyond_the_square / log_std.exp()
    nats_below_peak = 0.5 * in_std.square().sum(1)
    return nats_below_peak < DEPTH
