"""Explorers whose controls the page draws as well: an image to draw on, and samples of q."""

from collections.abc import Sequence

import ipywidgets as widgets
from torch import Tensor

from ..vae.networks import VAE
from . import pages
from .controls import Column
from .page import PageExplorer


def bound_explorer(
    model: VAE, images: Tensor, names: Sequence[str], log_p: Sequence[float] | None = None
) -> widgets.Widget:
    """Return an image to draw on, with its q(z|x) on the map, decoded again, and what it costs.

    `model` has two latents, `images` are levels `[N,1,28,28]` to choose from, each with a name,
    and `log_p` their log p(x) in nats, where it is known.
    """
    return _in_page("bound", pages.of_bound(model, images, names, log_p))


def paths_explorer() -> widgets.Widget:
    """Return samples z = mean + std * eps on the loss z^2, and its gradient for mean and std."""
    return _in_page("paths", {})


def _in_page(name: str, given: pages.Given) -> widgets.Widget:
    return Column([PageExplorer(name, given, {}, {})])
