"""The explorer of prior samples: which of them matter in an average over z."""

import ipywidgets as widgets
from torch import Tensor

from . import pages
from .controls import Row, real_slider, whole_slider
from .page import PageExplorer


def prior_samples_explorer(z: Tensor) -> widgets.Widget:
    """Return sliders for a posterior's centre, its std, and how many samples of z `[L,2]` count.

    The model is x = z + noise with two pixels; noise and image are those that give this posterior.
    """
    centre = [real_slider(1, -2.5, 2.5, 0.1, f"centre, z{d}") for d in (1, 2)]
    std = real_slider(0.2, 0.02, 0.95, 0.01, "posterior std")
    count = whole_slider(len(z) // 4, 10, len(z), 10, "samples")
    std.add_class("posterior-std")
    page = PageExplorer(
        "prior", pages.of_prior(z), {}, {"mean": centre, "std": std, "count": count}
    )
    return Row([page, widgets.VBox([*centre, std, count])])
