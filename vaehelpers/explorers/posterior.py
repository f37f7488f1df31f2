"""The explorer of posteriors: the practical's Figure 3, for one image after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from . import pages
from .controls import Column, whole_slider
from .page import PageExplorer


def posterior_explorer(found: Sequence[Mapping[str, Any]], samples: Tensor) -> widgets.Widget:
    """Return a slider over test images: each with prior, samples `[L,2]` and posterior, and q.

    `found` is what `published.posteriors.posteriors` returns for these samples.
    """
    which = whole_slider(0, 0, len(found) - 1, 1, "test image")
    names = [f"test image {i}" for i in range(len(found))]
    given = pages.of_posterior(found, samples, names)
    return Column([PageExplorer("posterior", given, {}, {"which": which}), which])
