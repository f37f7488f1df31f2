"""What is seen at a place in latent space: a picture in one of three views, as arrays and as PNG.

A frame has three panels side by side: the walk's map with a marker (if it has a map), the picture
with one pixel marked, and the chances of that pixel's levels as bars.
"""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..data.constants import LEVELS
from ..figures import grid
from ..vae.networks import VAE
from .walk import Walk

SCALE = 10  # screen pixels to a side of an image's pixel
SIDE = 28 * SCALE  # of a panel
BAR = 8  # screen pixels to the bar of a level
INK = 255  # the colour's place in the palette; the rest are greys
WHITE = INK - 1
BAR_GREY = 100
PALETTE = [level for grey in range(INK) for level in (grey, grey, grey)] + [0xD5, 0x5E, 0x00]


def noise() -> Tensor:
    """Return the uniform number of each pixel, `[28,28]`.

    It is always the same, so that samples do not flicker.
    """
    return torch.rand(28, 28, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def chances(model: VAE, z: Tensor) -> Tensor:
    """Return the probabilities of each pixel's levels at z `[D]`: `[16,28,28]`, on the CPU."""
    logits = model.decoder(z[None].to(model.device))[0]
    return logits.softmax(0).cpu()


def levels(p: Tensor, view: str) -> Tensor:
    """Turn probabilities `[16,28,28]` into grey levels 0..15, floats `[28,28]`.

    `view` is one of `walk.VIEWS`: each pixel's mean, its likeliest level, or a sample.
    """
    if view == "mean":
        return (p * torch.arange(LEVELS)[:, None, None]).sum(0)
    if view == "mode":
        return p.argmax(0).float()
    passed = p.cumsum(0) <= noise()
    return passed.sum(0).clamp(max=LEVELS - 1).float()


def greys(p: Tensor, view: str) -> np.ndarray:
    """Return the picture of `levels` as bytes 0..255, `[28,28]`."""
    return (levels(p, view) / (LEVELS - 1) * 255).round().byte().numpy()


def frame(
    walk: Walk,
    values: Sequence[float],
    origin: Tensor,
    view: str,
    pixel: tuple[int, int],
    chart: np.ndarray | None = None,
) -> bytes:
    """Draw what is seen at slider values as PNG bytes.

    `pixel` is a row and a column; `chart` is the map as `chart_bytes` made it.
    """
    row, column = pixel
    p = chances(walk.model, walk.latents(values, origin))
    panels = []
    if chart is not None:
        panels.append(_marked_chart(chart, values[0], values[1]))
    picture = np.minimum(greys(p, view), WHITE).repeat(SCALE, 0).repeat(SCALE, 1)
    _outline(picture, SCALE * row, SCALE * column, SCALE)
    panels += [picture, _bars(p[:, row, column])]
    spaced = [np.pad(panel, ((0, 0), (0, SCALE)), constant_values=WHITE) for panel in panels]
    image = Image.fromarray(np.hstack(spaced))
    image.putpalette(PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def chart_bytes(walk: Walk) -> np.ndarray | None:
    """Return the walk's map as bytes 0..254, as large as a picture, or None if it has none."""
    if walk.chart is None:
        return None
    small = Image.fromarray((walk.chart[0] * WHITE).round().byte().numpy())
    return np.array(small.resize((SIDE, SIDE), Image.Resampling.BOX))


def chart_png(walk: Walk) -> bytes:
    """Return the walk's map as PNG bytes, in 16 greys, none if it has no map."""
    if walk.chart is None:
        return b""
    return grid.levels_png((walk.chart[0] * (LEVELS - 1)).round().byte().numpy())


def _marked_chart(chart: np.ndarray, across: float, up: float) -> np.ndarray:
    """Return the map with a marker at two percentiles."""
    marked = chart.copy()
    size = len(chart)
    top = round((1 - up / 100) * size) - SCALE // 2
    left = round(across / 100 * size) - SCALE // 2
    _outline(marked, top, left, SCALE)
    return marked


def _outline(picture: np.ndarray, top: int, left: int, size: int) -> None:
    """Draw a border around a square of `picture`, or along the edge where it would lie outside."""
    rows = slice(max(0, top - 1), top + size + 1)
    columns = slice(max(0, left - 1), left + size + 1)
    square = picture[rows, columns]
    inside = square[1:-1, 1:-1].copy()
    square[:] = INK
    square[1:-1, 1:-1] = inside


def _bars(p: Tensor) -> np.ndarray:
    """Draw probabilities `(16,)` as bars that fill the height of a picture at 1."""
    tops = (SIDE * (1 - p.numpy())).round().repeat(BAR)
    filled = np.arange(SIDE)[:, None] >= tops
    return np.where(filled, BAR_GREY, WHITE).astype(np.uint8)
