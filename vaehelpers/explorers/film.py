"""The training film: one slider over the moments of a training, and a button that plays them."""

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np

from . import pages
from .controls import Column, whole_slider
from .page import PageExplorer

PACE = 500  # milliseconds to a frame while it plays


def film_explorer(frames: np.ndarray, captions: Sequence[str], alt: str) -> widgets.Widget:
    """Return a slider over frames `[F,H,W]` of levels 0..15, with a caption each.

    A button plays them, two a second. `alt` says in words what all of them show.
    """
    last = len(frames) - 1
    slider = whole_slider(last, 0, last, 1, "frame")
    play = widgets.Play(last, max=last, interval=PACE)
    widgets.jslink((play, "value"), (slider, "value"))
    page = PageExplorer("film", pages.of_film(frames, captions, alt), {}, {"frame": slider})
    return Column([page, widgets.HBox([play, slider])])
