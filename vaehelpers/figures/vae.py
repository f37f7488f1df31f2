"""Figures of a VAE: its training curves, its prior and posterior, its latent plane."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from scipy.special import ndtri
from torch import Tensor

from ..data.constants import CLASSES
from . import gaussian
from .colours import CLASS_COLOURS, INK
from .grid import pixel_axes, pixel_figure

PRIOR_95 = math.sqrt(-2 * math.log(0.05))  # radius that holds 95 % of a 2-D standard normal
# Of a Gaussian's density at three, two and one standard deviations, over its highest.
HEIGHTS = tuple(math.exp(-(k**2) / 2) for k in (3, 2, 1))
RARE = 5  # a manifold cell with fewer images than this says nothing about its classes
SMALLEST_MAP = 280  # screen pixels across, below which the labels of a map would overlap
REFERENCE_BAND = (1.20, 1.25)  # training bpd after 80 epochs that the practical gives with Q2.8


def training_curves(history: list[dict], ax: Axes | None = None) -> Axes:
    """Draw training and validation bpd over epochs beside the practical's reference band."""
    ax = ax or plt.subplots()[1]
    epochs = [row["epoch"] for row in history]
    band = to_rgba(INK, 0.3)  # the page shows through
    ax.axhspan(*REFERENCE_BAND, color=band, label="practical: training, 80 epochs", lw=0)
    for key, label in (("train_bpd", "training"), ("val_bpd", "validation")):
        ax.plot(epochs, [row[key] for row in history], label=label)
    ax.set(xlabel="epoch", ylabel="bits per dimension", xlim=(0, max(epochs) or 1))
    ax.legend(loc="upper right")
    return ax


def prior_samples(
    z: Tensor, share: Tensor, mean: Sequence[float] | Tensor, std: float, ax: Axes | None = None
) -> Axes:
    """Draw prior samples `[L,2]`, and which of them matter in an average.

    A sample whose `share` `[L]` of the average is above 1 % is coloured, and has a ring, the larger
    the larger the share.
    The circles are one and two standard deviations of the prior and of the posterior
    N(mean, std^2 I).
    """
    ax = ax or plt.subplots(figsize=(4.6, 4.4))[1]
    heavy = share > 0.01
    sizes = (30 + 300 * share[heavy]).numpy()
    ax.scatter(*z[~heavy].T, s=6, color=INK, alpha=0.6, lw=0, label="prior sample")
    # Rings, not discs: a disc would hide the posterior, which may be as small as a dot.
    ax.scatter(*z[heavy].T, s=10, color="C1", lw=0)
    ring = {"facecolors": "none", "edgecolors": "C1", "linewidths": 1.5}
    ax.scatter(*z[heavy].T, s=sizes, label="over 1 % of average", **ring)
    _circles(ax, (0, 0), 1, "C3", "prior")
    _circles(ax, mean, std, "C0", "posterior")
    ax.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(-3.2, 3.2), ylim=(-3.2, 4.6), aspect="equal")
    ax.set_yticks(range(-3, 4))
    columns = {"ncols": 2, "columnspacing": 1, "handlelength": 1, "handletextpad": 0.5}
    ax.legend(loc="upper center", fontsize=10, markerscale=0.8, **columns)
    return ax


def _circles(ax: Axes, centre, std: float, colour: str, name: str) -> None:
    """Draw circles at one and two standard deviations, and name them in the legend."""
    for radius in (std, 2 * std):
        ax.add_patch(Circle(centre, radius, fill=False, color=colour))
    ax.plot([], [], color=colour, label=name)


def posterior(
    density: Tensor,
    axes: tuple[Tensor, Tensor],
    mean: Tensor,
    std: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw contours of p(z|x) and of q = N(mean, diag(std^2)).

    `density` is `[n,m]` over `axes` z1 `[n]` and z2 `[m]`; its scale does not matter. The contours
    have the heights of a Gaussian at one, two and three standard deviations.
    """
    ax = ax or plt.subplots(figsize=(4.4, 4))[1]
    z1, z2 = (axis.numpy() for axis in axes)
    ax.contour(z1, z2, (density / density.max()).T.numpy(), levels=HEIGHTS, colors="C0")
    turn = torch.linspace(0, 2 * math.pi, 100)
    for k in (1, 2, 3):
        around_1 = mean[0] + k * std[0] * turn.cos()
        around_2 = mean[1] + k * std[1] * turn.sin()
        ax.plot(around_1.numpy(), around_2.numpy(), "C1")
    ax.plot([], [], "C0", label="posterior p(z|x)")
    ax.plot([], [], "C1", label="encoder q(z|x)")
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.locator_params(nbins=5)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
    ax.legend(loc="upper left", fontsize=10)
    return ax


def contours(density: Tensor, axes: tuple[Tensor, Tensor]) -> list[list[str]]:
    """Return the curves of p(z|x) at each of `HEIGHTS`, as SVG writes points: "z1,z2 z1,z2 ...".

    `density` is `[n,m]` over `axes` z1 `[n]` and z2 `[m]`; its scale does not matter. Numbers have
    five digits.
    """
    z1, z2 = (axis.numpy() for axis in axes)
    ax = Figure().subplots()
    found = ax.contour(z1, z2, (density / density.max()).T.numpy(), levels=HEIGHTS).allsegs
    return [
        [" ".join(f"{x:.5g},{y:.5g}" for x, y in curve) for curve in curves] for curves in found
    ]


def kl_integrand(q: tuple[float, float], p: tuple[float, float], ax: Axes | None = None) -> Axes:
    """Draw two Gaussians, each `(mean, std)`, and shade the integrand of KL(q||p).

    Its area above zero minus that below is the KL in nats.
    """
    ax = ax or plt.subplots()[1]
    x = np.linspace(-8, 8, 1601)
    density_q, density_p = gaussian.density(x, *q), gaussian.density(x, *p)
    integrand = density_q * (gaussian.log_density(x, *q) - gaussian.log_density(x, *p))
    ax.plot(x, density_q, label=f"q = N({q[0]:g}, {q[1]:g}²)")
    ax.plot(x, density_p, label=f"p = N({p[0]:g}, {p[1]:g}²)")
    ax.fill_between(x, integrand, color="C2", alpha=0.4, label="q log(q/p)")
    ax.set(xlabel="x", ylabel="density; q log(q/p)", xlim=(-8, 8))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=10)
    return ax


def manifold(picture: Tensor) -> Axes:
    """Draw a manifold `[1,H,W]` of values 0..1, pixel for pixel (a small one magnified).

    Its axes are the percentiles of z1 and z2, labelled with z.
    """
    return _pixel_map(picture[0].numpy())


def class_map(counts: Tensor, picture: Tensor) -> Axes:
    """Draw a manifold `[1,H,W]` as ink on paper coloured by each cell's most frequent class.

    `counts` is `[n,n,10]`. The colour is the stronger the larger that class's share; cells with
    fewer than `RARE` images stay white. Each class is named in the middle of the cells it owns.
    """
    images = counts.sum(-1)
    owner = counts.argmax(-1).where(images >= RARE, -1)
    share = counts.amax(-1) / images.clamp(min=1)
    # From 0.4 on, so that pale colours of two classes can be told apart.
    strength = (0.4 + 0.6 * share) * (owner >= 0)
    colours = np.array([to_rgb(colour) for colour in CLASS_COLOURS])[owner]
    washed_out = 1 - strength.numpy()[..., None] * (1 - colours)
    side = picture.shape[1] // len(counts)
    paper = np.kron(washed_out, np.ones((side, side, 1)))
    ink = picture[0].numpy()[..., None]
    ax = _pixel_map(paper * (1 - 0.7 * ink))
    for label in owner[owner >= 0].unique().tolist():
        x, y = _middle(owner == label)
        _sign(ax, x, y, label)
    return ax


def _sign(ax: Axes, x: float, y: float, label: int) -> None:
    """Write a class's name on its colour, in black or white, whichever stands out from it."""
    colour = CLASS_COLOURS[label]
    red, green, blue = to_rgb(colour)
    brightness = 0.3 * red + 0.59 * green + 0.11 * blue
    words = "black" if brightness > 0.5 else "white"
    frame = {"facecolor": colour, "edgecolor": words, "pad": 2.5, "linewidth": 0.8}
    ax.text(x, y, CLASSES[label], ha="center", va="center", fontsize=10, color=words, bbox=frame)


def percentile_map(values: Tensor, label: str, ax: Axes | None = None) -> Axes:
    """Draw values `[n,n]` of the manifold's cells, row 0 at the top, in colours.

    `label` names the colour bar.
    """
    ax = ax or plt.subplots(figsize=(6, 5))[1]
    image = ax.imshow(values.numpy(), extent=(0, 1, 0, 1), cmap="viridis")
    ax.figure.colorbar(image, label=label)
    return _label_percentiles(ax)


def class_scatter(
    codes: Tensor, labels: Tensor, label: int, reach: float = 4, ax: Axes | None = None
) -> Axes:
    """Scatter the 2-D codes `[N,2]` of one class in its colour over all others in grey.

    The axes reach to +-`reach`; the circle holds 95 % of the prior's mass.
    """
    ax = ax or plt.subplots(figsize=(3, 3))[1]
    chosen = labels == label
    # The others are faint, so that bags, whose colour is a grey as well, stand out from them.
    ax.scatter(*codes[~chosen].numpy().T, s=2, color=INK, alpha=0.12, lw=0)
    ax.scatter(*codes[chosen].numpy().T, s=5, color=CLASS_COLOURS[label], lw=0)
    ax.add_patch(Circle((0, 0), PRIOR_95, fill=False, lw=0.8, ec=INK))
    ticks = np.arange(-reach, reach + 1, 2)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=ticks, yticks=ticks)
    ax.set(aspect="equal", title=CLASSES[label])
    return ax


def class_legend(fig: Figure) -> None:
    """Name the ten classes' colours in two rows below a figure."""
    style = {"ls": "none", "marker": "o", "ms": 7}
    names = [
        Line2D([], [], color=colour, label=name, **style)
        for name, colour in zip(CLASSES, CLASS_COLOURS, strict=True)
    ]
    fig.legend(handles=names, loc="outside lower center", ncols=5, fontsize=10)


def class_dots(places: Tensor, labels: Tensor, ax: Axes | None = None) -> Axes:
    """Scatter places `[N,2]` in the plane in the colours of their classes, labels `[N]`.

    They are drawn in the order given, so that no class lies on top of all others. `class_legend`
    names the colours.
    """
    ax = ax or plt.subplots(figsize=(4.6, 4.6))[1]
    colours = np.array(CLASS_COLOURS)[labels.numpy()]
    ax.scatter(*places.numpy().T, s=4, c=colours, lw=0)
    ax.set(aspect="equal")
    return ax


def _middle(cells: Tensor) -> tuple[float, float]:
    """Return the x, y of the cell nearest to all of a class's cells, given as booleans `[n,n]`.

    A name put there stays inside the map.
    """
    places = cells.nonzero().double()
    nearest = torch.cdist(places, places).sum(1).argmin()
    row, column = places[nearest].tolist()
    x = (column + 0.5) / len(cells)
    return min(max(x, 0.07), 0.93), 1 - (row + 0.5) / len(cells)


def _pixel_map(pixels: np.ndarray) -> Axes:
    """Draw pixels `[H,W]` or `[H,W,3]` of values 0..1 over the percentiles of z1 and z2.

    Each is one screen pixel wide, or in a small map as many as leave room for the labels.
    """
    scale = max(1, math.ceil(SMALLEST_MAP / pixels.shape[1]))
    height, width = (scale * side for side in pixels.shape[:2])
    fig = pixel_figure(width + 90, height + 70)
    ax = pixel_axes(fig, 80, 60, width, height)
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=(0, 1, 0, 1), aspect="auto")
    return _label_percentiles(ax)


def _label_percentiles(ax: Axes) -> Axes:
    """Label the unit square, whose sides are percentiles of the prior, with values of z1 and z2."""
    shown = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
    names = [f"{z:+.2f}" if z else "0" for z in ndtri(shown)]
    ax.set(xticks=shown, xticklabels=names, yticks=shown, yticklabels=names)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_xlabel("$z_1$ (spaced evenly in percentiles)")
    ax.set_ylabel("$z_2$ (spaced evenly in percentiles)")
    ax.grid(False)
    return ax
