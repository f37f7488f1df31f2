"""Diagrams of notebook 02: estimates, the KL, the bound, the loss, gradients."""

from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from torch import Tensor

from . import drawing, gaussian
from .colours import BLUE, INK, ORANGE

GREEN = "#009E73"  # Okabe-Ito's, as in style.mplstyle
PINK = "#CC79A7"  # another of them
GRID = np.linspace(-12, 12, 4801)  # on which a KL is summed
LEAST_LABELLED = 0.1  # nats: a shorter piece of a column has no room for its number
Floats = float | np.ndarray


class Terms(NamedTuple):
    """The terms on both sides of Eq. 18, in nats.

    The expected log p(x|z) under q, the KL from q to the prior, and the KL from q to the posterior.
    """

    expected_log: float
    kl_to_prior: float
    kl_to_posterior: float


def gradient_paths() -> Axes:
    """Draw where the gradient stops if z is thrown, and how it passes if only eps is.

    Grey arrows lead from mean and std to the loss, orange ones carry the gradient back.
    """
    ax = drawing.blank((8, 3.3), (-0.75, 13.1), (-0.9, 4.5))
    drawing.word(ax, 2.7, 4.2, "z is thrown", fontsize=12)
    _ends(ax, 0)
    drawing.die(ax, 2.3, 1.5)
    drawing.box(ax, 3.85, 1.5, "z", BLUE)
    _forward(ax, ((0.4, 2.6), (2.15, 1.8)), ((0.4, 0.4), (2.15, 1.2)), ((2.4, 1.5), (3.8, 1.5)))
    _forward(ax, ((3.95, 1.5), (5.2, 1.5)))
    _back(ax, ((5.25, 1.1), (3.9, 1.1)), ((3.9, 1.1), (2.4, 1.1)))
    ax.plot([2.62, 2.92], [0.95, 1.25], color=ORANGE, lw=2.5)
    ax.plot([2.62, 2.92], [1.25, 0.95], color=ORANGE, lw=2.5)
    drawing.word(ax, 2.7, -0.55, "the die lets nothing back", fontsize=11, color=ORANGE)

    left = 7.2
    drawing.word(ax, left + 2.8, 4.2, "only eps is thrown", fontsize=12)
    _ends(ax, left)
    drawing.die(ax, left + 2.6, 3.2)
    drawing.word(ax, left + 3.5, 2.55, "eps", fontsize=11)
    drawing.box(ax, left + 2.6, 1.5, "z = mean\n+ std · eps", BLUE)
    _forward(ax, ((left + 0.3, 2.7), (left + 1.95, 1.95)), ((left + 0.3, 0.3), (left + 1.95, 1.05)))
    _forward(ax, ((left + 2.6, 3.25), (left + 2.6, 1.65)), ((left + 3.5, 1.6), (left + 5.2, 1.6)))
    _back(ax, ((left + 5.2, 1.25), (left + 3.5, 1.25)), ((left + 1.95, 1.6), (left + 0.3, 2.3)))
    _back(ax, ((left + 1.95, 1.4), (left + 0.3, 0.7)))
    drawing.word(
        ax, left + 2.8, -0.55, "the gradient reaches mean and std", fontsize=11, color=ORANGE
    )
    return ax


def _ends(ax: Axes, left: float) -> None:
    """Draw what a graph begins and ends with: mean and std, and the loss."""
    drawing.box(ax, left, 2.75, "mean", BLUE)
    drawing.box(ax, left, 0.25, "std", BLUE)
    drawing.box(ax, left + 5.2, 1.5, "loss", GREEN)


def _forward(ax: Axes, *ways) -> None:
    """Draw arrows for what is computed."""
    for start, end in ways:
        drawing.arrow(ax, start, end, INK)


def _back(ax: Axes, *ways) -> None:
    """Draw arrows for gradients."""
    for start, end in ways:
        drawing.arrow(ax, start, end, ORANGE, width=2)


def fans(runs: Mapping[str, Tensor], numbers: Tensor) -> Figure:
    """Draw how estimates change with the number of samples, a panel for each run, by its name.

    A run is `[repeats,n]`: by how much each estimate of log p(x) misses, in nats, after `numbers`
    `[n]` samples. The first estimate is orange, their median green; the dashed line is the truth.
    """
    fig, axes = plt.subplots(1, len(runs), figsize=(6.4, 3), sharey=True, squeeze=False)
    for ax, (title, misses) in zip(axes[0], runs.items(), strict=True):
        ax.semilogx(numbers, misses.T, color=BLUE, lw=0.6, alpha=0.25)
        ax.semilogx(numbers, misses[0], color=ORANGE, lw=1.5)
        ax.semilogx(numbers, misses.median(dim=0).values, color=GREEN, lw=2)
        ax.axhline(0, color=INK, ls="--", lw=2, zorder=3)
        ax.set(title=title, xlabel="samples", ylim=(-6, 4), xlim=(1, int(numbers[-1])))
        ax.set_xticks((1, 10, 100, 1000), ("1", "10", "100", "1,000"))
    axes[0, 0].set(ylabel="estimate minus log p(x), nats")
    return fig


def kl_area(mean: float, std: float) -> Figure:
    """Draw the KL from q = N(mean, std^2) to p = N(0, 1) as an area, and what each step costs.

    Above, q log(q/p) is green where it is positive and pink where it is negative. Below are the
    KL of a q that is only moved, against its mean, and of one that only has another width, against
    its std; dots mark `mean` and `std`. All are sums on a grid, in nats.
    """
    fig, axes = plt.subplot_mosaic("AA;BC", figsize=(6.4, 5), height_ratios=(1.2, 1))
    _signed_area(axes["A"], mean, std)
    means, widths = np.linspace(-2, 2, 81), np.linspace(0.1, 2, 77)
    _cost(axes["B"], means, _kl(means, 1.0), (mean, float(_kl(mean, 1.0))))
    _cost(axes["C"], widths, _kl(0.0, widths), (std, float(_kl(0.0, std))))
    axes["B"].set(title="only the mean differs", xlabel="mean of q (its std is 1)")
    axes["B"].set(ylabel="KL, nats")
    axes["C"].set(title="only the width differs", xlabel="std of q (its mean is 0)")
    return fig


def _integrand(mean: Floats, std: Floats) -> np.ndarray:
    """Return q log(q/p) on the grid, `[..., 4801]`, of q = N(mean, std^2) and p = N(0, 1)."""
    log_q = gaussian.log_density(GRID, np.asarray(mean)[..., None], np.asarray(std)[..., None])
    return np.exp(log_q) * (log_q - gaussian.log_density(GRID))


def _kl(mean: Floats, std: Floats) -> np.ndarray:
    """Return the KL from N(mean, std^2) to N(0, 1) in nats: its integrand, summed on the grid."""
    return _integrand(mean, std).sum(-1) * (GRID[1] - GRID[0])


def _signed_area(ax: Axes, mean: float, std: float) -> None:
    """Draw q, p and the integrand of their KL, with the areas above and below zero."""
    heights = _integrand(mean, std)
    above, below = heights.clip(min=0), heights.clip(max=0)
    for part, colour in ((above, GREEN), (below, PINK)):
        ax.fill_between(GRID, part, color=colour, alpha=0.45, lw=0)
    density = gaussian.density(GRID, mean, std)
    ax.plot(GRID, density, color=BLUE)
    ax.plot(GRID, gaussian.density(GRID), color=ORANGE)
    drawing.word(ax, mean - 0.9 * std, 0.75 * density.max(), "q", color=BLUE, ha="right")
    drawing.word(ax, -1.1, 0.29, "p", color=ORANGE, ha="right")
    top, bottom = heights.argmax(), heights.argmin()
    drawing.word(ax, GRID[top], 0.45 * heights[top], "+", fontsize=16)
    drawing.word(ax, GRID[bottom], heights[bottom] - 0.1, "-", fontsize=16)
    step = GRID[1] - GRID[0]
    gained, lost = above.sum() * step, -below.sum() * step
    title = (
        f"q log(q/p): area {gained:.3f} above zero - {lost:.3f} below = {gained - lost:.3f} nats"
    )
    ax.set(title=title, xlabel="x", ylabel="density; q log(q/p)", xlim=(-4, 4))
    ax.set_ylim(bottom=heights[bottom] - 0.25)


def _cost(ax: Axes, settings: np.ndarray, kl: np.ndarray, dot: tuple[float, float]) -> None:
    """Draw the KL against a setting of q, and name it at the dot."""
    ax.plot(settings, kl, color=GREEN)
    ax.plot(*dot, "o", color=BLUE)
    side = "right" if dot[0] > settings[kl.argmin()] else "left"  # into the valley
    name = f"  {dot[1]:.3f}  "
    drawing.word(ax, *dot, name, fontsize=11, ha=side)
    ax.set(ylim=(-0.1, 2.1))


def bound_columns(cases: Mapping[str, Terms], ax: Axes | None = None) -> Axes:
    """Draw both sides of Eq. 18 as two columns that hang from zero, for each q by its name.

    The right one is log p(x) and the gap, the left one the two terms of the bound: both end at the
    ELBO. Numbers are in nats. All cases are of one x, whose log p(x) they share.
    """
    ax = ax or plt.subplots(figsize=(8, 4.2))[1]
    names = ("expected log p(x|z)", "KL to the prior", "log p(x)", "gap: KL to the posterior")
    seen = dict(zip(names, (BLUE, GREEN, INK, ORANGE), strict=True))
    first = next(iter(cases.values()))
    log_evidence = first.expected_log - first.kl_to_prior + first.kl_to_posterior
    for place, (expected_log, kl_to_prior, kl_to_posterior) in enumerate(cases.values()):
        elbo = expected_log - kl_to_prior
        _hang(ax, place - 0.2, (expected_log, kl_to_prior), (BLUE, GREEN))
        _hang(ax, place + 0.2, (log_evidence, kl_to_posterior), (INK, ORANGE))
        drawing.word(ax, place, elbo - 0.07, f"ELBO {elbo:.3f}", fontsize=11, va="top")
    ax.axhline(log_evidence, color=INK, ls="--", lw=1)
    keys: list[Patch | Line2D] = [
        Patch(fc=drawing.tint(colour), ec=colour, label=name) for name, colour in seen.items()
    ]
    keys.append(Line2D([], [], color=INK, ls="--", lw=1, label="the height of log p(x)"))
    ax.set(xticks=range(len(cases)), xticklabels=list(cases), ylabel="nats")
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0, labelsize=11)
    ax.spines["bottom"].set_visible(False)
    ax.grid(False, axis="x")
    ax.set_ylim(bottom=ax.get_ylim()[0] - 0.1, top=0)
    ax.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=3, fontsize=10)
    return ax


def _hang(ax: Axes, x: float, pieces: tuple[float, float], colours: tuple[str, str]) -> None:
    """Draw two pieces one below the other, down from zero: a logarithm, and a KL below it."""
    starts = (0.0, abs(pieces[0]))
    for start, value, colour in zip(starts, pieces, colours, strict=True):
        length = abs(value)
        ax.bar(x, -length, 0.36, -start, color=drawing.tint(colour), edgecolor=colour, lw=1.5)
        if length >= LEAST_LABELLED:
            drawing.word(ax, x, -start - length / 2, f"{value:.3f}", fontsize=11)


def climbs(runs: Mapping[str, Tensor]) -> Figure:
    """Draw log p(x), and the ELBO below it, over the steps of several runs, side by side.

    Each run, by its name, is `[steps,2]`: log p(x) and ELBO in nats. The gap is orange.
    """
    fig, axes = plt.subplots(1, len(runs), figsize=(8, 3.2), sharey=True, squeeze=False)
    for ax, (title, history) in zip(axes[0], runs.items(), strict=True):
        steps = range(len(history))
        log_p, bound = history.T
        ax.fill_between(steps, bound, log_p, color=ORANGE, alpha=0.5, lw=0, label="gap")
        ax.plot(steps, log_p, color=INK, label="log p(x)")
        ax.plot(steps, bound, color=BLUE, label="ELBO")
        ax.set(title=title, xlabel="step", xlim=(0, len(history)))
    axes[0, 0].set(ylabel="nats per data point")
    axes[0, 0].legend(fontsize=10, loc="lower right")
    return fig


def loss_terms() -> Axes:
    """Draw an image's way through encoder and decoder, and what the two terms of the loss compare.

    Orange are the comparisons: the image with its chances, and q with the prior.
    """
    ax = drawing.blank((8, 2.9), (-0.7, 11.2), (-1.5, 3.0))
    parts = {0: ("x", INK), 2.1: ("encoder", GREEN), 4.5: ("q(z|x)", BLUE), 6.5: ("z", BLUE)}
    parts |= {8.3: ("decoder", GREEN), 10.6: ("p(x|z)", BLUE)}
    for x, (name, colour) in parts.items():
        drawing.box(ax, x, 1, name, colour)
    for start, end in ((0, 1.4), (2.85, 3.8), (5.15, 6.5), (6.5, 7.6), (9.05, 9.95)):
        drawing.arrow(ax, (start, 1), (end, 1), INK)
    drawing.box(ax, 4.5, -1.1, "prior p(z)", BLUE)
    drawing.arrow(ax, (4.5, 1.05), (4.5, -1.15), ORANGE, width=2, both=True)
    said = "regularisation:\nis q near the prior?"
    drawing.word(ax, 4.8, -0.05, said, fontsize=11, color=ORANGE, ha="left")
    turn = {"arrowstyle": "<|-|>", "color": ORANGE, "lw": 2, "shrinkA": 12, "shrinkB": 12}
    turn["connectionstyle"] = "bar,fraction=-0.11"
    ax.annotate("", (10.6, 1.1), (0, 1.1), arrowprops=turn)
    said = "reconstruction: does the decoder give x a high probability?"
    drawing.word(ax, 5.3, 2.75, said, fontsize=11, color=ORANGE)
    return ax
