"""The curve that grows while `training.fit` runs."""

import time
from typing import cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .controls import Picture, as_png, axes_of_size

PAUSE = 0.2  # seconds between two drawings, at least


class LiveCurve:
    """Training and validation bpd, drawn while `training.fit` runs.

    Give it `batch` to call, and epochs to `epoch`. `widget` is what to display, `figure` a still of
    it. Between batches nothing is drawn more often than five times a second.
    """

    def __init__(self, epochs: int):
        self.widget = Picture(format="png")
        self.epochs = epochs
        self.points: dict[str, list[tuple[float, float]]] = {"batches": [], "validation": []}
        self._draw()

    def batch(self, when: float, bpd: float) -> None:
        """Add the score of a batch, `when` in epochs."""
        self.points["batches"].append((when, bpd))
        if time.monotonic() - self._drawn > PAUSE:
            self._draw()

    def epoch(self, number: int, bpd: float) -> None:
        """Add the validation score after an epoch."""
        self.points["validation"].append((number, bpd))
        self._draw()

    def figure(self) -> Figure:
        """Return the curve as it is now, as a figure of 6 x 3 inches."""
        return cast(Figure, self._axes().figure)

    def _draw(self) -> None:
        self.widget.value = as_png(self._axes())
        self._drawn = time.monotonic()

    def _axes(self) -> Axes:
        ax = axes_of_size(6, 3)
        # Nothing is known of validation between two epochs: points, and no line.
        for name, style in (("batches", "-"), ("validation", "o")):
            points = self.points[name]
            epochs = [when for when, _ in points]
            scores = [bpd for _, bpd in points]
            ax.plot(epochs, scores, style, label=name, clip_on=style != "o")
        ax.set(xlabel="epoch", ylabel="bits per dimension", xlim=(0, self.epochs), ylim=(1, 4.2))
        ax.legend(loc="upper right")
        return ax
