"""The explorer that picks one of several items and draws it in two panels."""

from collections.abc import Callable, Sequence

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .controls import figure_beside, whole_slider

MARGINS = {"left": 0.08, "right": 0.99, "bottom": 0.13, "top": 0.97}


def picker_explorer(
    number: int, name: str, draw: Callable[[int, Sequence[Axes]], str]
) -> widgets.Widget:
    """Return a slider over 0, 1, ..., `number` - 1, and two panels with a line of text below.

    `draw(i, axes)` draws item i into the two axes and returns the text.
    """
    which = whole_slider(0, 0, number - 1, 1, name)
    which.add_class("picker")

    def draw_chosen() -> tuple[Axes, str]:
        fig = Figure(figsize=(7.4, 3.7))
        fig.set_layout_engine("none")
        axes = fig.subplots(1, 2, gridspec_kw=MARGINS)
        text = draw(which.value, axes)
        return axes[0], text

    return figure_beside([which], draw_chosen)
