"""The explorer of two Gaussians and their divergences."""

import ipywidgets as widgets

from .controls import Row, real_slider
from .page import PageExplorer


def kl_explorer() -> widgets.Widget:
    """Return sliders for two Gaussians, their densities, and both divergences in nats.

    The integrand of KL(q||p) is shaded.
    """
    sliders = {
        "meanOfQ": real_slider(1, -4, 4, 0.1, "mean of q"),
        "stdOfQ": real_slider(1, 0.3, 3, 0.1, "std of q"),
        "meanOfP": real_slider(0, -4, 4, 0.1, "mean of p"),
        "stdOfP": real_slider(2, 0.3, 3, 0.1, "std of p"),
    }
    sliders["meanOfQ"].add_class("kl-mean-q")
    page = PageExplorer("gaussians", {}, {}, sliders)
    return Row([page, widgets.VBox([*sliders.values()])])
