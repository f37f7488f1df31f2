"""The explorer of two Gaussians and their divergences."""

from collections.abc import Callable

import ipywidgets as widgets
from matplotlib.axes import Axes

from ..figures.vae import kl_integrand
from .controls import axes_of_size, figure_beside, real_slider


def kl_explorer(kl: Callable[[float, float, float, float], float]) -> widgets.Widget:
    """Return sliders for two Gaussians, their densities, and both divergences in nats.

    The integrand of KL(q||p) is shaded. `kl(mean_q, mean_p, std_q, std_p)` computes KL(q||p).
    """
    mean_q = real_slider(1, -4, 4, 0.1, "mean of q")
    std_q = real_slider(1, 0.3, 3, 0.1, "std of q")
    mean_p = real_slider(0, -4, 4, 0.1, "mean of p")
    std_p = real_slider(2, 0.3, 3, 0.1, "std of p")
    mean_q.add_class("kl-mean-q")

    def draw() -> tuple[Axes, str]:
        q = mean_q.value, std_q.value
        p = mean_p.value, std_p.value
        ax = kl_integrand(q, p, axes_of_size(5.4, 3.4))
        ax.set_ylim(-0.6, 1.4)
        forward = kl(mean_q.value, mean_p.value, std_q.value, std_p.value)
        backward = kl(mean_p.value, mean_q.value, std_p.value, std_q.value)
        return ax, f"KL(q‖p) = {forward:.3f} nats, KL(p‖q) = {backward:.3f} nats"

    return figure_beside([mean_q, std_q, mean_p, std_p], draw)
