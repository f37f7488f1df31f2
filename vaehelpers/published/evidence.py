"""Scores that take too long for a notebook.

They are bounds on log p(x) for whole sets, two of them with a q that was fitted to each image, and
its value for hundreds of images.
`python -m vaehelpers evidence` computes and records them; notebooks read the record, and repeat a
part of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset, Split
from ..data.levels import check_images
from ..training.history import Sha256
from ..vae import likelihood, quadrature
from ..vae.latent import encode
from ..vae.networks import VAE
from ..vae.objective import KLD, elbo_to_bpd
from . import posteriors
from .registry import load_published

NAME = "evidence"  # of the record
# Of parts; the others are named in BOUNDS.
EXACT_NAME, POSTERIORS_NAME = "z02-exact", "z02-posteriors"
SIZES = (1, 10, 100, 1000)
EXACT = 500  # test images whose log p(x) is integrated
FIRST = 10  # images whose own bounds are recorded, for a comparison
FIT_STEPS = 40  # with 150, the first 200 test images score 0.0013 bits/dim less


class Bounds(NamedTuple):
    """Importance-weighted bounds to record: of which weights, on which images, how tight.

    `draws` are samples of q(z|x) for each of the first `images` of a split.
    """

    z_dim: int
    variant: str
    split: str
    images: int
    draws: int

    @property
    def sizes(self) -> list[int]:
        """The group sizes that are not larger than `draws`."""
        return [size for size in SIZES if size <= self.draws]


BOUNDS = {
    "z20-test": Bounds(20, "", "test", images=10_000, draws=1000),
    "z20-val": Bounds(20, "", "val", images=6_000, draws=100),
    "z20-train": Bounds(20, "", "train", images=6_000, draws=100),
    "z02-test": Bounds(2, "", "test", images=10_000, draws=1000),
    "z20-best-test": Bounds(20, "best", "test", images=10_000, draws=1000),
}


class Fitted(NamedTuple):
    """Scores to record with q fitted to each image: of which weights, on how many test images."""

    z_dim: int
    variant: str
    images: int


FITTED = {
    "z20-fitted": Fitted(20, "", images=10_000),
    "z20-best-fitted": Fitted(20, "best", images=10_000),
}


@dataclass(frozen=True)
class BoundsPart:
    """The part of the record that `summarise` makes, in bits per dimension, `first` in nats."""

    weights: Sha256
    images: int
    sizes: list[int]
    bpd: list[float]
    se: list[float]
    first: list[list[float]]


@dataclass(frozen=True)
class FittedPart:
    """The part of the record that `fitted` makes, in bits per dimension, `first` in nats.

    `gain` is what the score falls when q is fitted; its standard error is that of paired images.
    """

    weights: Sha256
    images: int
    steps: int
    bpd: float
    se: float
    gain: float
    gain_se: float
    first: list[float]


@dataclass(frozen=True)
class ExactPart:
    """The part of the record that `exact` makes, in nats per image."""

    weights: Sha256
    log_p: list[float]
    elbo: list[float]
    kl_to_posterior: list[float]
    kl_of_matched: list[float]


def check_parts(parts: dict[str, Any]) -> None:
    """Raise ValueError, which says what is wrong, unless a record's parts have their types."""
    kinds = {EXACT_NAME: ExactPart, POSTERIORS_NAME: posteriors.PosteriorsPart}
    kinds |= dict.fromkeys(FITTED, FittedPart)
    for name, part in parts.items():
        msgspec.convert(part, kinds.get(name, BoundsPart))


def compute(dataset: Dataset, known: dict[str, dict]) -> Iterator[tuple[str, dict]]:
    """Yield every part of the record with its name.

    Parts in `known` that were computed with the current weights are yielded unchanged. All of them
    take an hour or more on two CPU cores.
    """
    for name, wanted in BOUNDS.items():
        model, meta = load_published(wanted.z_dim, 80, wanted.variant)
        if _is_current(known.get(name), meta):
            yield name, known[name]
            continue
        split: Split = getattr(dataset, wanted.split)
        images = split.images[: wanted.images]
        weights = likelihood.importance_weights(model, images, wanted.draws)
        bounds = likelihood.importance_bounds(weights, wanted.sizes)
        yield name, {"weights": meta["sha256"], **summarise(bounds, images.shape)}

    for name, wanted in FITTED.items():
        model, meta = load_published(wanted.z_dim, 80, wanted.variant)
        if _is_current(known.get(name), meta):
            yield name, known[name]
            continue
        images = dataset.test.images[: wanted.images]
        yield name, {"weights": meta["sha256"], **fitted(model, images)}

    model, meta = load_published(2, 80)
    if _is_current(known.get(EXACT_NAME), meta):
        yield EXACT_NAME, known[EXACT_NAME]
    else:
        images = dataset.test.images[:EXACT]
        found = quadrature.integrate(model, images)
        yield EXACT_NAME, {"weights": meta["sha256"], **exact(model, images, found)}

    if _is_current(known.get(POSTERIORS_NAME), meta):
        yield POSTERIORS_NAME, known[POSTERIORS_NAME]
    else:
        images = dataset.test.images[: posteriors.IMAGES]
        found = quadrature.integrate(model, images)
        made = posteriors.posteriors(model, images, found, posteriors.prior_draws())
        yield POSTERIORS_NAME, {"weights": meta["sha256"], "images": made}


def _is_current(part: dict | None, meta: dict) -> bool:
    """Say whether a part of the record is there, and is of the weights that `meta` describes."""
    return part is not None and part["weights"] == meta["sha256"]


def summarise(bounds: Tensor, img_shape: tuple[int, ...]) -> dict[str, Any]:
    """Summarise bounds `[N,sizes]` in nats: bpd and its standard error for each size.

    Those of the first images are kept as they are.
    """
    bpd = elbo_to_bpd(-bounds, img_shape)
    standard_error = bpd.std(0) / math.sqrt(len(bpd))
    return {
        "images": len(bounds),
        "sizes": list(SIZES[: bounds.shape[1]]),
        "bpd": bpd.mean(0).tolist(),
        "se": standard_error.tolist(),
        "first": bounds[:FIRST].tolist(),
    }


def fitted(model: VAE, images: Tensor) -> dict[str, Any]:
    """Score levels `[N,1,28,28]` with q fitted to each image, and by the encoder's q.

    Both take the same draws; see `likelihood.refined`. Returned are the fields of `FittedPart`
    except the weights. Raises InputError for images that are not levels.
    """
    recon, kl = likelihood.refined(model, images, FIT_STEPS)
    encoders_recon, encoders_kl = likelihood.losses(model, images)
    own = recon + kl  # nats, [N]
    bpd = elbo_to_bpd(own, images.shape)
    gain = elbo_to_bpd(encoders_recon + encoders_kl - own, images.shape)
    return {
        "images": len(images),
        "steps": FIT_STEPS,
        "bpd": float(bpd.mean()),
        "se": float(bpd.std()) / math.sqrt(len(bpd)),
        "gain": float(gain.mean()),
        "gain_se": float(gain.std()) / math.sqrt(len(gain)),
        "first": own[:FIRST].tolist(),
    }


def gauss_hermite_elbo(model: VAE, images: Tensor, order: int = 8) -> Tensor:
    """Return the ELBO in nats of each image of levels `[N,1,28,28]` without noise: float64 `(N,)`.

    The expectation over q, a Gaussian in two dimensions, is a Gauss-Hermite sum of `order^2` terms;
    the KL is exact. Raises InputError for images that are not levels.
    """
    check_images(images)
    roots, root_weights = np.polynomial.hermite_e.hermegauss(order)
    nodes = torch.from_numpy(roots)
    weights = torch.from_numpy(root_weights / root_weights.sum())
    grid = torch.cartesian_prod(nodes, nodes)  # [order^2,2]
    mass = torch.outer(weights, weights).flatten()
    with torch.no_grad():
        mean, log_std = (part.cpu().double() for part in model.encoder(images.to(model.device)))
    places = mean[:, None] + log_std.exp()[:, None] * grid  # [N,order^2,2]
    recon = []
    for image, z in zip(images.split(1), places, strict=True):
        recon.append(likelihood.log_likelihood(model, image, z)[0] @ mass)
    return torch.stack(recon) - KLD(mean, log_std)


def exact(model: VAE, images: Tensor, found: list[quadrature.Quadrature]) -> dict[str, list[float]]:
    """Return log p(x) of each image, and what follows from it, all in nats.

    `found` is the result of `quadrature.integrate`. `elbo` is that of the encoder's q,
    `kl_to_posterior` is KL(q || p(z|x)), and `kl_of_matched` the same for a Gaussian with the
    posterior's own means and variances, for which squares are cut further where it needs them.
    """
    mean, log_std = encode(model, images)
    to_posterior, of_matched = [], []
    for i, squares in enumerate(found):
        to_posterior.append(squares.kl_to_posterior(mean[i], log_std[i]))
        centre, covariance = squares.posterior_moments
        matched = centre, covariance.diagonal().log() / 2
        finer = quadrature.cut_for(model, images[i], squares, *matched)
        of_matched.append(finer.kl_to_posterior(*matched))
    return {
        "log_p": [squares.log_evidence for squares in found],
        "elbo": gauss_hermite_elbo(model, images).tolist(),
        "kl_to_posterior": to_posterior,
        "kl_of_matched": of_matched,
    }
