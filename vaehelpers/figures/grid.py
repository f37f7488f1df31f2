"""Pictures drawn pixel for pixel, so that nothing is blurred or uneven."""

import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from ..data.constants import LEVELS

GAP = 8  # screen pixels between two pictures
TITLE = 28  # screen pixels for the title above a picture
SIDE = 28  # pixels of an image of the data set
GREY = 7  # a level in the middle of 0..15


def image_rows(pictures: dict[str, Tensor], columns: int, scale: int, high: float = 1) -> Figure:
    """Draw titled grey pictures `{title: [1,H,W]}` of one size in rows of `columns`.

    Their values are 0..`high`. Every pixel is drawn exactly `scale` wide.
    """
    first = next(iter(pictures.values()))
    height, width = scale * first.shape[1], scale * first.shape[2]
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    fig = pixel_figure(columns * (width + GAP), rows * (height + TITLE))
    for index, (title, picture) in enumerate(pictures.items()):
        row, column = divmod(index, columns)
        left = column * (width + GAP)
        bottom = (rows - 1 - row) * (height + TITLE)
        ax = pixel_axes(fig, left, bottom, width, height)
        ax.imshow(picture[0].cpu().numpy(), cmap="gray", vmin=0, vmax=high)
        ax.set_title(title)
        ax.set_axis_off()
    return fig


def with_lines(tiled: np.ndarray) -> np.ndarray:
    """Put grey lines between images in tiled pictures `[N,rows*28,columns*28]` of levels 0..15.

    A line follows each image to the right and below: `[N,rows*29,columns*29]`.
    """
    count, height, width = tiled.shape
    rows, columns = height // SIDE, width // SIDE
    images = tiled.reshape(count, rows, SIDE, columns, SIDE)
    one_after = [(0, 0), (0, 0), (0, 1), (0, 0), (0, 1)]
    lined = np.pad(images, one_after, constant_values=GREY)
    return lined.reshape(count, rows * (SIDE + 1), columns * (SIDE + 1))


def levels_png(levels: np.ndarray) -> bytes:
    """Return levels 0..15 `[H,W]`, bytes, as a PNG of four bits a pixel."""
    image = Image.fromarray(levels, mode="P")
    image.putpalette([grey for level in range(LEVELS) for grey in [17 * level] * 3])
    buffer = io.BytesIO()
    image.save(buffer, "png", bits=4, optimize=True)
    return buffer.getvalue()


def pixel_figure(width: int, height: int) -> Figure:
    """Return an empty figure of `width` x `height` pixels in the saved file."""
    dpi = plt.rcParams["savefig.dpi"]
    if dpi == "figure":  # matplotlib's default, where the style of the series is not in use
        dpi = plt.rcParams["figure.dpi"]
    return plt.figure(figsize=(width / dpi, height / dpi), dpi=dpi, layout="none")


def pixel_axes(fig: Figure, left: int, bottom: int, width: int, height: int) -> Axes:
    """Return axes that cover `width` x `height` pixels of a figure."""
    across, up = fig.get_size_inches() * fig.dpi
    return fig.add_axes((left / across, bottom / up, width / across, height / up))
