"""What the small explorers share: labelled sliders, and what a cell shows of them."""

import io
from collections.abc import Sequence
from typing import cast

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .constants import STAND_IN

LABEL = {"description_width": "90px"}


class _Explorer:
    """What a cell shows of an explorer besides the widget: the same whatever the sliders show.

    So a test which compares outputs finds no difference.
    """

    def __repr__(self) -> str:
        """Return what the stored notebooks say in place of the widget."""
        return STAND_IN


class Row(_Explorer, widgets.HBox):
    """An explorer whose parts stand side by side; where that is too wide, one below the other."""

    def __init__(self, parts: Sequence[widgets.DOMWidget]):
        super().__init__(parts, layout={"flex_flow": "row wrap", "width": "100%"})
        for part in parts:
            part.layout.min_width = "0"
            part.layout.flex = "2 1 32rem" if part is parts[0] else "1 1 19rem"


class Column(_Explorer, widgets.VBox):
    """An explorer whose parts stand one below the other."""


class Picture(_Explorer, widgets.Image):
    """An explorer that is one picture."""


def whole_slider(value: int, low: int, high: int, step: int, name: str) -> widgets.IntSlider:
    """Return a labelled slider over whole numbers."""
    return widgets.IntSlider(value, min=low, max=high, step=step, description=name, style=LABEL)


def real_slider(
    value: float, low: float, high: float, step: float, name: str
) -> widgets.FloatSlider:
    """Return a labelled slider over floats."""
    return widgets.FloatSlider(value, min=low, max=high, step=step, description=name, style=LABEL)


def axes_of_size(width: float, height: float) -> Axes:
    """Return axes that fill a figure of `width` x `height` inches.

    Fitting a layout would take longer than drawing.
    """
    fig = Figure(figsize=(width, height))
    fig.set_layout_engine("none")
    return fig.add_axes((0.72 / width, 0.52 / height, 1 - 0.82 / width, 1 - 0.62 / height))


def as_png(ax: Axes) -> bytes:
    """Return the figure of some axes as PNG bytes."""
    buffer = io.BytesIO()
    # savefig would draw twice, to measure a tight frame.
    FigureCanvasAgg(cast(Figure, ax.figure)).print_png(buffer)
    return buffer.getvalue()
