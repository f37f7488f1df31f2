"""The explorer of prior samples: which of them matter in an average over z."""

from collections.abc import Callable

import ipywidgets as widgets
from matplotlib.axes import Axes
from torch import Tensor

from ..figures.vae import prior_samples
from .controls import axes_of_size, figure_beside, real_slider, whole_slider

Judge = Callable[[list[float], float, int], tuple[Tensor, str]]


def prior_samples_explorer(z: Tensor, judge: Judge) -> widgets.Widget:
    """Return sliders for a posterior's centre, its std, and the number of prior samples.

    `z` `[L,2]` are prior samples. `judge(mean, std, number)` returns the share `(number,)` that
    each of the first `number` has in the average, and a line of text about it.
    """
    first = real_slider(1, -2.5, 2.5, 0.1, "centre, z1")
    second = real_slider(1, -2.5, 2.5, 0.1, "centre, z2")
    std = real_slider(0.2, 0.02, 0.95, 0.01, "posterior std")
    number = whole_slider(len(z) // 4, 10, len(z), 10, "samples")
    std.add_class("posterior-std")

    def draw() -> tuple[Axes, str]:
        mean = [first.value, second.value]
        share, text = judge(mean, std.value, number.value)
        ax = prior_samples(z[: number.value], share, mean, std.value, axes_of_size(4.2, 4))
        return ax, text

    return figure_beside([first, second, std, number], draw)
