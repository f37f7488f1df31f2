"""The training film: one slider over the moments of a training, and a button that plays them."""

import io

import ipywidgets as widgets
import numpy as np
from PIL import Image

from ..data.constants import LEVELS
from .controls import Column, whole_slider

SCALE = 2  # screen pixels to a side of an image's pixel
PACE = 500  # milliseconds to a frame while it plays


def film_explorer(frames: np.ndarray, captions: list[str]) -> widgets.Widget:
    """Return a slider over frames `[F,H,W]` of levels 0..15, with a caption each.

    A button plays them, two a second.
    """
    picture = widgets.Image(format="png")
    caption = widgets.Label()
    slider = whole_slider(0, 0, len(frames) - 1, 1, "frame")
    play = widgets.Play(max=len(frames) - 1, interval=PACE)
    widgets.link((play, "value"), (slider, "value"))

    def draw(_=None):
        picture.value = _as_png(frames[slider.value])
        caption.value = captions[slider.value]

    slider.observe(draw, "value")
    draw()
    return Column([picture, widgets.HBox([play, slider]), caption])


def _as_png(levels: np.ndarray) -> bytes:
    """Return levels 0..15 as a PNG, every pixel `SCALE` wide."""
    greys = (levels.astype(float) * (255 / (LEVELS - 1))).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(greys.repeat(SCALE, 0).repeat(SCALE, 1)).save(buffer, "png", compress_level=1)
    return buffer.getvalue()
