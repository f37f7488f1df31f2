"""The explorers of the site: what each shows, from published weights and records."""

from collections.abc import Callable
from typing import Any

import torch

from ..data.constants import CLASSES
from ..data.dataset import Dataset
from ..explorers import pages, walk
from ..figures.grid import with_lines
from ..published import (
    load_film,
    load_published,
    load_record,
    load_spam_filter,
    load_translator,
)
from ..published.evidence import EXACT_NAME, POSTERIORS_NAME
from ..published.evidence import NAME as EVIDENCE
from ..published.posteriors import prior_draws

IMAGES = 20  # test images to choose from
MAIL = "Dear customer, do not wait for our call, send us your password."
Given = dict[str, Any]


def _walk(_: Dataset) -> Given:
    model = load_published(2, 80)[0]
    return pages.of_walk(walk.over_prior(model))


def _active(dataset: Dataset) -> Given:
    model = load_published(20, 80)[0]
    return pages.of_walk(walk.over_active(model, dataset.test.images[:2000]))


def _between(dataset: Dataset) -> Given:
    model = load_published(2, 80)[0]
    return pages.of_walk(walk.between(model, dataset.test.images[0], dataset.test.images[2]))


def _bound(dataset: Dataset) -> Given:
    model = load_published(2, 80)[0]
    labels = dataset.test.labels[:IMAGES].tolist()
    names = [f"test image {i}: {CLASSES[label]}" for i, label in enumerate(labels)]
    known = None if dataset.is_stand_in else load_record(EVIDENCE)["results"][EXACT_NAME]["log_p"]
    return pages.of_bound(model, dataset.test.images[:IMAGES], names, known)


def _attention(_: Dataset) -> Given:
    return pages.of_attention(load_translator("transformer"), load_translator("additive"))


def _spam(_: Dataset) -> Given:
    found = load_spam_filter()
    about = {
        "words": found.words,
        "heads": found.heads,
        "layers": found.layers,
        "threshold": found.threshold,
    }
    return pages.of_spam(found.tensors, about, MAIL)


def _prior(_: Dataset) -> Given:
    return pages.of_prior(torch.randn(2000, 2, generator=torch.Generator().manual_seed(42)))


def _posterior(_: Dataset) -> Given:
    found = load_record(EVIDENCE)["results"][POSTERIORS_NAME]["images"]
    names = [f"test image {i}" for i in range(len(found))]
    return pages.of_posterior(found, prior_draws(), names)


def _film(z_dim: int, alt: str) -> Given:
    film = load_film(z_dim)
    shown = with_lines(film.frames) if z_dim == 20 else film.frames  # a map has no gaps
    return pages.of_film(shown, film.captions, alt)


# For each explorer of the site: its kind (a name in web/registry.js), and what makes its data.
PAGES: dict[str, tuple[str, Callable[[Dataset], Given]]] = {
    "walk": ("walk", _walk),
    "bound": ("bound", _bound),
    "active": ("walk", _active),
    "between": ("walk", _between),
    "attention": ("attention", _attention),
    "prior": ("prior", _prior),
    "posterior": ("posterior", _posterior),
    "gaussians": ("gaussians", lambda _: {}),
    "paths": ("paths", lambda _: {}),
    "spam": ("spam", _spam),
    "film-z20": ("film", lambda _: _film(20, "Ten test images redrawn, and ten made up.")),
    "film-z02": ("film", lambda _: _film(2, "The manifold of ten by ten pictures.")),
}
