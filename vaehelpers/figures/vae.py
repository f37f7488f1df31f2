"""Figures as pure functions, most of them `(data, ..., ax=None) -> Axes`; `outputs.show` is what displays them."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from scipy.stats import norm
from torch import Tensor

from .data import CLASSES

# Ten colours that colour-blind readers can tell apart (Petroff 2021, its lighter grey replaced by a green that stays
# visible when it is washed out); figures label the classes directly as well.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#2f8f5b",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
PRIOR_95 = math.sqrt(-2 * math.log(0.05))  # radius that holds 95 % of a 2-D standard normal
RARE = 5  # a manifold cell with fewer images than this says nothing about its classes
REFERENCE_BAND = (1.20, 1.25)  # training bpd after 80 epochs that the practical gives with Q2.8


def image_rows(pictures: dict[str, Tensor], columns: int, scale: int, high: float = 1) -> Figure:
    """Draw titled grey pictures `{title: [1,H,W]}` of one size, values 0..`high`, in rows of `columns`.

    Every pixel is drawn exactly `scale` wide, so that nothing is blurred or uneven.
    """
    height, width = (scale * side for side in next(iter(pictures.values())).shape[1:])
    columns, rows = min(columns, len(pictures)), -(-len(pictures) // columns)
    fig = _pixel_figure(columns * (width + 8), rows * (height + 28))
    for index, (title, picture) in enumerate(pictures.items()):
        row, column = divmod(index, columns)
        ax = _pixel_axes(fig, column * (width + 8), (rows - 1 - row) * (height + 28), width, height)
        ax.imshow(picture[0].cpu().numpy(), cmap="gray", vmin=0, vmax=high)
        ax.set_title(title)
        ax.set_axis_off()
    return fig


def attention_map(
    weights: Tensor,
    queries: Sequence[str],
    keys: Sequence[str],
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw attention weights `[n,m]`, queries as rows, keys as columns; colours run from 0 to 1.

    Weights are printed where there is room; those of exactly 0, as under a mask, stay blank.
    """
    ax = ax or plt.subplots()[1]
    ax.imshow(weights.numpy(), vmin=0, vmax=1, cmap="cividis")
    if len(queries) <= 8 >= len(keys):
        for row, column in weights.nonzero().tolist():
            value = float(weights[row, column])
            ax.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=8,
                color="black" if value > 0.5 else "white",
            )
    ax.set(
        xticks=range(len(keys)), xticklabels=keys, yticks=range(len(queries)), yticklabels=queries
    )
    ax.set(xlabel="key", ylabel="query", title=title)
    ax.grid(False)
    return ax


def prior_samples(
    z: Tensor, share: Tensor, mean: Sequence[float], std: float, ax: Axes | None = None
) -> Axes:
    """Draw prior samples `[L,2]`, those with more than 1 % `share` `(L,)` of an average in colour, as large as that.

    The circles are one and two standard deviations of the prior and of the posterior N(mean, std^2 I).
    """
    ax = ax or plt.subplots(figsize=(4.6, 4.4))[1]
    heavy = share > 0.01
    ax.scatter(*z[~heavy].T, s=6, color="0.6", label="prior sample")
    ax.scatter(
        *z[heavy].T,
        s=(10 + 300 * share[heavy]).numpy(),
        color="C1",
        label="over 1 % of the average",
    )
    for centre, radius, colour, name in (
        ((0, 0), 1, "C3", "prior"),
        (mean, std, "C0", "posterior"),
    ):
        for scale, label in ((1, name), (2, None)):
            ax.add_patch(plt.Circle(centre, scale * radius, fill=False, color=colour, label=label))
    ax.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal")
    ax.legend(loc="lower left", fontsize=8, frameon=True, markerscale=0.7)
    return ax


def posterior(
    density: Tensor, axes: tuple[Tensor, Tensor], mean: Tensor, std: Tensor, ax: Axes | None = None
) -> Axes:
    """Draw contours of p(z|x), `density` `[n,m]` over `axes` z1 `(n,)` and z2 `(m,)`, and q = N(mean, diag(std^2)).

    The density's scale does not matter. Both are drawn where a Gaussian has its first three standard deviations.
    """
    ax = ax or plt.subplots(figsize=(4.4, 4))[1]
    heights = [math.exp(-(k**2) / 2) for k in (3, 2, 1)]
    ax.contour(
        *(axis.numpy() for axis in axes),
        (density / density.max()).T.numpy(),
        levels=heights,
        colors="C0",
    )
    turn = torch.linspace(0, 2 * math.pi, 100)
    for k in (1, 2, 3):
        ax.plot(
            (mean[0] + k * std[0] * turn.cos()).numpy(),
            (mean[1] + k * std[1] * turn.sin()).numpy(),
            "C1",
        )
    ax.plot([], [], "C0", label="posterior p(z|x)")
    ax.plot([], [], "C1", label="encoder q(z|x)")
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.legend(fontsize=8, frameon=True)
    return ax


def kl_integrand(q: tuple[float, float], p: tuple[float, float], ax: Axes | None = None) -> Axes:
    """Draw two Gaussians, each `(mean, std)`, and shade the integrand of KL(q||p), whose area is the KL in nats."""
    ax = ax or plt.subplots()[1]
    x = np.linspace(-8, 8, 1601)
    density_q, density_p = norm.pdf(x, *q), norm.pdf(x, *p)
    integrand = density_q * (norm.logpdf(x, *q) - norm.logpdf(x, *p))
    ax.plot(x, density_q, label=f"q = N({q[0]:g}, {q[1]:g}²)")
    ax.plot(x, density_p, label=f"p = N({p[0]:g}, {p[1]:g}²)")
    ax.fill_between(x, integrand, color="C2", alpha=0.4, label="integrand of KL(q‖p)")
    ax.set(xlabel="x", ylabel="density; integrand [nats]", xlim=(-8, 8))
    ax.legend(loc="upper left", fontsize=8)
    return ax


def training_curves(history: list[dict], ax: Axes | None = None) -> Axes:
    """Draw training and validation bpd over epochs beside the practical's reference band."""
    ax = ax or plt.subplots()[1]
    epochs = [row["epoch"] for row in history]
    ax.axhspan(*REFERENCE_BAND, color="0.88", label="practical: training, 80 epochs", lw=0)
    for key, label in (("train_bpd", "training"), ("val_bpd", "validation")):
        ax.plot(epochs, [row[key] for row in history], label=label)
    ax.set(xlabel="epoch", ylabel="bits per dimension", xlim=(0, max(epochs) or 1))
    ax.legend()
    return ax


def manifold(picture: Tensor) -> Axes:
    """Draw a manifold `[1,H,W]` of values 0..1, pixel for pixel, over the percentiles of z1 and z2, labelled with z."""
    return _pixel_map(picture[0].numpy())


def class_map(counts: Tensor, picture: Tensor) -> Axes:
    """Draw a manifold `[1,H,W]` as ink on paper that has the colour of each cell's most frequent class.

    `counts` is `[n,n,10]`. The colour is as strong as that class's share; cells with fewer than `RARE` images stay
    white. Each class is named in the middle of the cells it owns.
    """
    owner = counts.argmax(-1).where(counts.sum(-1) >= RARE, -1)
    share = (counts.amax(-1) / counts.sum(-1).clamp(min=1) * (owner >= 0)).numpy()[..., None]
    colours = np.array([to_rgb(colour) for colour in CLASS_COLOURS])[owner]
    side = picture.shape[1] // len(counts)
    paper = np.kron(1 - share * (1 - colours), np.ones((side, side, 1)))
    ax = _pixel_map(paper * (1 - 0.7 * picture[0].numpy()[..., None]))
    for label in owner[owner >= 0].unique().tolist():
        ax.text(
            *_middle(owner == label),
            CLASSES[label],
            ha="center",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": CLASS_COLOURS[label], "pad": 2},
        )
    return ax


def percentile_map(values: Tensor, label: str, ax: Axes | None = None) -> Axes:
    """Draw values `[n,n]` of the manifold's cells, row 0 at the top, in colours with a bar that `label` names."""
    ax = ax or plt.subplots(figsize=(6, 5))[1]
    ax.figure.colorbar(ax.imshow(values.numpy(), extent=(0, 1, 0, 1), cmap="viridis"), label=label)
    return _percentile_axes(ax)


def class_scatter(
    codes: Tensor, labels: Tensor, label: int, reach: float = 4, ax: Axes | None = None
) -> Axes:
    """Scatter the 2-D codes `[N,2]` of one class in its colour over all others in grey, within +-`reach`.

    The circle holds 95 % of the prior's mass.
    """
    ax = ax or plt.subplots(figsize=(3, 3))[1]
    for chosen, colour in ((labels != label, "0.85"), (labels == label, CLASS_COLOURS[label])):
        ax.scatter(*codes[chosen].numpy().T, s=2, color=colour, lw=0)
    ax.add_patch(plt.Circle((0, 0), PRIOR_95, fill=False, lw=0.8))
    ticks = np.arange(-reach, reach + 1, 2)
    ax.set(
        xlim=(-reach, reach),
        ylim=(-reach, reach),
        xticks=ticks,
        yticks=ticks,
        aspect="equal",
        title=CLASSES[label],
    )
    return ax


def _middle(cells: Tensor) -> tuple[float, float]:
    """Return the x, y of the class's cell nearest to all its cells `[n,n]`; a name put there stays inside the map."""
    places = cells.nonzero().double()
    row, column = places[torch.cdist(places, places).sum(1).argmin()].tolist()
    return min(max((column + 0.5) / len(cells), 0.07), 0.93), 1 - (row + 0.5) / len(cells)


def _pixel_map(pixels: np.ndarray) -> Axes:
    """Draw pixels `[H,W]` or `[H,W,3]` of values 0..1, each as one pixel, over the percentiles of z1 and z2."""
    height, width = pixels.shape[:2]
    ax = _pixel_axes(_pixel_figure(width + 90, height + 70), 80, 60, width, height)
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=(0, 1, 0, 1), aspect="auto")
    return _percentile_axes(ax)


def _percentile_axes(ax: Axes) -> Axes:
    """Label the unit square, whose sides are percentiles of the prior, with the values of z1 and z2."""
    shown = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
    names = [f"{z:+.2f}" if z else "0" for z in norm.ppf(shown)]
    ax.set(
        xticks=shown,
        xticklabels=names,
        yticks=shown,
        yticklabels=names,
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="$z_1$ (spaced evenly in percentiles)",
        ylabel="$z_2$ (spaced evenly in percentiles)",
    )
    ax.grid(False)
    return ax


def _pixel_figure(width: int, height: int) -> Figure:
    dpi = plt.rcParams["savefig.dpi"]
    return plt.figure(figsize=(width / dpi, height / dpi), dpi=dpi, layout="none")


def _pixel_axes(fig: Figure, left: int, bottom: int, width: int, height: int) -> Axes:
    across, up = fig.get_size_inches() * fig.dpi
    return fig.add_axes((left / across, bottom / up, width / across, height / up))
