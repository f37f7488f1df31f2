"""Diagrams of notebook 04: slices of equal mass, and the way from percentiles to a picture."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from . import drawing, gaussian
from .colours import BLUE, INK, ORANGE

SEEN = 4.0  # standard deviations of the prior on either side that are drawn


def equal_mass(slices: int) -> Axes:
    """Draw the standard Gaussian's density, cut into `slices` of equal mass.

    A dot on the axis marks the middle of each slice's mass, where a grid line goes; below are as
    many places in equal steps from -4 to 4.
    """
    ax = plt.subplots(figsize=(7.2, 3.2))[1]
    borders = ndtri(np.arange(slices + 1) / slices).clip(-SEEN, SEEN)
    middles = ndtri((np.arange(slices) + 0.5) / slices)
    for number, (left, right) in enumerate(itertools.pairwise(borders)):
        x = np.linspace(left, right, 60)
        strength = (0.25, 0.5)[number % 2]  # greys: the colours are those of dots and crosses
        ax.fill_between(x, gaussian.density(x), color=INK, alpha=strength, lw=0)
    x = np.linspace(-SEEN, SEEN, 300)
    ax.plot(x, gaussian.density(x), color=INK)
    ax.plot(middles, np.full(slices, -0.04), "o", color=BLUE, label="equal mass")
    even = -4 + 8 * (np.arange(slices) + 0.5) / slices
    seen = even[np.abs(even) < SEEN]
    ax.plot(seen, np.full(len(seen), -0.09), "x", color=ORANGE, label="equal steps")
    ax.set(xlabel="z [standard deviations of the prior]", ylabel="density", ylim=(-0.13, 0.45))
    ax.set_yticks([0, 0.2, 0.4])
    ax.legend(loc="upper right", fontsize=10)
    return ax


def pipeline(grid_size: int) -> Axes:
    """Draw the way from percentiles to the manifold's picture, with the shapes of the tensors."""
    n = grid_size
    steps = (
        ("percentiles", f"[{n}]"),
        ("codes z", f"[{n * n}, 2]"),
        ("logits", f"[{n * n}, 16, 28, 28]"),
        ("mean levels", f"[{n * n}, 1, 28, 28]"),
        ("one picture", f"[1, {28 * n}, {28 * n}]"),
    )
    verbs = ("ppf, grid", "decoder", "softmax, mean", "tile")
    ax = drawing.blank((9.6, 1.6), (-0.6, 4.6), (-1.0, 0.8))
    for x, (name, shape) in enumerate(steps):
        drawing.box(ax, x, 0, name, BLUE)
        drawing.word(ax, x, -0.6, shape, fontsize=10)
    for x, verb in enumerate(verbs):
        ax.annotate(
            "",
            (x + 0.63, 0),
            (x + 0.37, 0),
            arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2},
        )
        drawing.word(ax, x + 0.5, 0.55, verb, fontsize=10, color=ORANGE)
    return ax
