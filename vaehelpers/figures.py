"""Figures as pure functions `(data, ..., ax=None) -> Axes`; `outputs.show` is what displays them."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
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
    """Colour each manifold cell by its most frequent class, `[n,n,10]` counts; strength is that class's share.

    Cells without any image stay white. Each class that owns a cell is named in the middle of its cells.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    total, size = counts.sum(-1), len(counts)
    colours = np.array([to_rgb(colour) for colour in CLASS_COLOURS])[counts.argmax(-1)]
    share = (counts.amax(-1) / total.clamp(min=1)).unsqueeze(-1).numpy()
    ax.imshow(1 - share * (1 - colours), extent=(0, size, 0, size))
    owner = counts.argmax(-1).where(total > 0, -1)
    for label, name in enumerate(CLASSES):
        if (owner == label).any():
            ax.text(*_middle(owner == label), name, ha="center", va="center", fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": CLASS_COLOURS[label], "pad": 2})
    ax.set(xticks=[], yticks=[], xlabel="$z_1$", ylabel="$z_2$", xlim=(0, size), ylim=(0, size))
    return ax


def class_scatter(codes: Tensor, labels: Tensor, label: int, reach: float = 4, ax: Axes | None = None) -> Axes:
    """Scatter the 2-D codes `[N,2]` of one class in its colour over all others in grey, within +-`reach`."""
    ax = ax or plt.subplots(figsize=(3, 3))[1]
    mine = labels == label
    for chosen, colour in ((~mine, "0.85"), (mine, CLASS_COLOURS[label])):
        ax.scatter(*codes[chosen].numpy().T, s=2, color=colour, lw=0)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=CLASSES[label])
    return ax


def _middle(cells: Tensor) -> tuple[float, float]:
    """Return the x, y of that one of a class's cells `[n,n]` which is nearest to all of them together."""
    places = cells.nonzero().double()
    row, column = places[torch.cdist(places, places).sum(1).argmin()].tolist()
    return column + 0.5, len(cells) - row - 0.5
