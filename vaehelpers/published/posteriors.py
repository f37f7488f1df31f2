"""The practical's Figure 3 for real images: their posteriors over two latents, as curves.

Finding them takes a minute, so those of the first test images are in the record of the evidence.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..figures.vae import contours
from ..training.history import Sha256
from ..vae import likelihood, quadrature
from ..vae.latent import encode
from ..vae.networks import VAE

IMAGES = 20  # test images whose posteriors are recorded
DRAWS, SEED = 500, 42  # of the prior's samples that are recorded with them
HEAVY = 0.01  # the share of an average above which a sample is listed


@dataclass(frozen=True)
class Posterior:
    """One image's posterior p(z|x), what the encoder makes of it, and samples of the prior.

    `mean` and `std` are those of q(z|x), `centre` the posterior's mean and `spread` the root of its
    mean variance. `contours` has the curves of `figures.vae.contours`. `heavy` lists samples by
    number, with their share of the average of p(x|z), whose logarithm is `estimate`; `log_p` is
    log p(x), and `gap` how far the ELBO lies below it, all in nats.
    """

    mean: list[float]
    std: list[float]
    centre: list[float]
    spread: float
    contours: list[list[str]]
    heavy: list[tuple[int, float]]
    estimate: float
    log_p: float
    gap: float


@dataclass(frozen=True)
class PosteriorsPart:
    """A part of the record: of which weights, and each image's `Posterior`."""

    weights: Sha256
    images: list[Posterior]


def prior_draws() -> Tensor:
    """Return the samples of the prior that the record is about, `[500,2]`."""
    return torch.randn(DRAWS, 2, generator=torch.Generator().manual_seed(SEED))


def posteriors(
    model: VAE, images: Tensor, found: list[quadrature.Quadrature], samples: Tensor
) -> list[dict[str, Any]]:
    """Return the `Posterior` of each image of levels `[N,1,28,28]`, field by field.

    `found` is the result of `quadrature.integrate`, `samples` are z of the prior, `[L,2]`.
    """
    mean, log_std = encode(model, images)
    log_p_at_samples = likelihood.log_likelihood(model, images, samples)  # [N,L]
    made = []
    for i, squares in enumerate(found):
        std = log_std[i].exp()
        axes, density = quadrature.window(model, images[i], squares, mean[i], std)
        centre, covariance = squares.posterior_moments
        share = log_p_at_samples[i].softmax(0)
        heavy = (share > HEAVY).nonzero()[:, 0].tolist()
        made.append(
            {
                "mean": mean[i].tolist(),
                "std": std.tolist(),
                "centre": centre.tolist(),
                "spread": float(covariance.trace() / 2) ** 0.5,
                "contours": contours(density, axes),
                "heavy": [(number, float(share[number])) for number in heavy],
                "estimate": float(log_p_at_samples[i].logsumexp(0)) - math.log(len(samples)),
                "log_p": squares.log_evidence,
                "gap": squares.kl_to_posterior(mean[i], log_std[i]),
            }
        )
    return made
