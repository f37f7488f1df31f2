"""Scores that take too long for a notebook: bounds on log p(x) for whole sets, its value for hundreds of images.

`python -m vaehelpers evidence` computes and records them; notebooks read the record, and repeat a part of it.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from . import checkpoint, likelihood
from .data import Dataset
from .model import VAE
from .objective import KLD, elbo_to_bpd

SIZES = (1, 10, 100, 1000)
BOUNDS = {  # latents, variant of the weights, split, images, samples per image
    "z20-test": (20, "", "test", 10_000, 1000),
    "z20-val": (20, "", "val", 6_000, 100),
    "z20-train": (20, "", "train", 6_000, 100),
    "z02-test": (2, "", "test", 10_000, 1000),
    "z20-best-test": (20, "best", "test", 10_000, 1000),
}
EXACT = 500  # test images whose log p(x) is integrated
FIRST = 10  # images whose own bounds are recorded, for a comparison
NAME = "evidence"


def summary(bounds: Tensor, img_shape: tuple[int, ...]) -> dict:
    """Summarise bounds `[N,sizes]` in nats: bpd and its standard error for each size, and those of the first images."""
    bpd = elbo_to_bpd(-bounds, img_shape)
    return {
        "images": len(bounds),
        "sizes": list(SIZES[: bounds.shape[1]]),
        "bpd": bpd.mean(0).tolist(),
        "se": (bpd.std(0) / math.sqrt(len(bpd))).tolist(),
        "first": bounds[:FIRST].tolist(),
    }


def gauss_hermite_elbo(model: VAE, images: Tensor, order: int = 8) -> Tensor:
    """Return the ELBO in nats of each image of levels `[N,1,28,28]` without noise: float64 `(N,)`.

    The expectation over q, a Gaussian in two dimensions, is a Gauss-Hermite sum of `order`^2 terms; the KL is exact.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    nodes, weights = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
    grid, mass = torch.cartesian_prod(nodes, nodes), torch.outer(weights, weights).flatten()
    with torch.no_grad():
        mean, log_std = (part.cpu().double() for part in model.encoder(images.to(model.device)))
    places = mean[:, None] + log_std.exp()[:, None] * grid  # [N,order^2,2]
    recon = [
        likelihood.log_likelihood(model, image, z)[0] @ mass
        for image, z in zip(images.split(1), places, strict=True)
    ]
    return torch.stack(recon) - KLD(mean, log_std)


def exact(model: VAE, images: Tensor, found: list[likelihood.Quadrature]) -> dict[str, list[float]]:
    """Return log p(x) of each image, `found` by `likelihood.quadrature`, and what follows from it, all in nats.

    `elbo` is that of the encoder's q, `kl_to_posterior` is KL(q || p(z|x)), and `kl_of_matched` the same for a Gaussian
    with the posterior's own means and variances.
    """
    with torch.no_grad():
        mean, log_std = (part.cpu() for part in model.encoder(images.to(model.device)))
    moments = [squares.posterior_moments for squares in found]
    return {
        "log_p": [squares.log_evidence for squares in found],
        "elbo": gauss_hermite_elbo(model, images).tolist(),
        "kl_to_posterior": [
            squares.kl_to_posterior(*q) for squares, *q in zip(found, mean, log_std, strict=True)
        ],
        "kl_of_matched": [
            squares.kl_to_posterior(centre, cov.diagonal().log() / 2)
            for squares, (centre, cov) in zip(found, moments, strict=True)
        ],
    }


def compute(dataset: Dataset, known: dict[str, dict]) -> Iterator[tuple[str, dict]]:
    """Yield every part of the record with its name; the parts in `known` that are of today's weights are passed on.

    All of them take an hour or more on two CPU cores.
    """
    for name, (z_dim, variant, split, count, draws) in BOUNDS.items():
        model, meta = checkpoint.load(checkpoint.published(z_dim, 80, variant))
        images, sizes = (
            getattr(dataset, split).images[:count],
            [size for size in SIZES if size <= draws],
        )
        yield (
            name,
            _kept(known, name, meta)
            or {
                "weights": meta["sha256"],
                **summary(
                    likelihood.importance_bounds(
                        likelihood.importance_weights(model, images, draws), sizes
                    ),
                    images.shape,
                ),
            },
        )
    model, meta = checkpoint.load(checkpoint.published(2, 80))
    images = dataset.test.images[:EXACT]
    yield (
        "z02-exact",
        _kept(known, "z02-exact", meta)
        or {
            "weights": meta["sha256"],
            **exact(model, images, likelihood.quadrature(model, images)),
        },
    )


def _kept(known: dict[str, dict], name: str, meta: dict) -> dict | None:
    part = known.get(name)
    return part if part and part["weights"] == meta["sha256"] else None
