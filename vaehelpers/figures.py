"""Figures as pure functions `(data, ..., ax=None) -> Axes`; `outputs.show` is what displays them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from .data import CLASSES

# Ten colours that colour-blind readers can tell apart (Petroff 2021); figures label the classes directly as well.
CLASS_COLOURS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
                 "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
REFERENCE_BAND = (1.20, 1.25)  # training bpd after 80 epochs that the practical gives with Q2.8


def image(picture: Tensor, title: str = "", high: float = 1, ax: Axes | None = None) -> Axes:
    """Draw one grey picture `[1,H,W]` with values 0..`high`, without axes."""
    ax = ax or plt.subplots()[1]
    ax.imshow(picture[0].cpu(), cmap="gray", vmin=0, vmax=high)
    ax.set_title(title)
    ax.set_axis_off()
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


def manifold(picture: Tensor, ticks: Tensor, ax: Axes | None = None) -> Axes:
    """Draw a manifold `[1,n*28,n*28]` with z1 and z2 at every cell's centre in `ticks` `(n,)`, thinned to five."""
    ax = ax or plt.subplots(figsize=(7, 7))[1]
    count = len(ticks)
    ax.imshow(picture[0], cmap="gray", vmin=0, vmax=1, extent=(0, count, 0, count))
    shown = np.linspace(0, count - 1, 5).round().astype(int)
    names = [f"{float(ticks[i]):+.2f}" for i in shown]
    ax.set(xticks=shown + 0.5, xticklabels=names, yticks=shown + 0.5, yticklabels=names,
           xlabel="$z_1$ (spaced evenly in percentiles)", ylabel="$z_2$ (spaced evenly in percentiles)")
    ax.grid(False)
    return ax


def class_map(counts: Tensor, ax: Axes | None = None) -> Axes:
    """Colour each manifold cell by its most frequent class, `[n,n,10]` counts; strength is that class's share."""
    ax = ax or plt.subplots(figsize=(7, 7))[1]
    total = counts.sum(-1)
    colours = np.array([plt.matplotlib.colors.to_rgb(c) for c in CLASS_COLOURS])[counts.argmax(-1)]
    share = (counts.amax(-1) / total.clamp(min=1)).unsqueeze(-1).numpy()
    size = len(counts)
    ax.imshow(1 - share * (1 - colours), extent=(0, size, 0, size))
    for label, name in enumerate(CLASSES):
        ax.text(*_centre(counts[..., label]), name, ha="center", va="center", fontsize=8,
                bbox={"facecolor": "white", "edgecolor": CLASS_COLOURS[label], "pad": 2})
    ax.set(xticks=[], yticks=[], xlabel="$z_1$", ylabel="$z_2$")
    return ax


def class_scatter(codes: Tensor, labels: Tensor, ax: Axes | None = None) -> Axes:
    """Scatter 2-D codes `[N,2]` by class, each class named at its median."""
    ax = ax or plt.subplots(figsize=(7, 7))[1]
    for label, name in enumerate(CLASSES):
        points = codes[labels == label].numpy()
        ax.scatter(*points.T, s=2, color=CLASS_COLOURS[label], alpha=0.5, lw=0)
        if len(points):
            ax.text(*np.median(points, axis=0), name, ha="center", va="center", fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": CLASS_COLOURS[label], "pad": 2})
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax


def _centre(counts: Tensor) -> tuple[float, float]:
    """Return the x, y of the cell with most counts, in a picture whose y axis points upwards."""
    row, column = divmod(int(counts.argmax()), counts.shape[1])
    return column + 0.5, counts.shape[0] - row - 0.5
