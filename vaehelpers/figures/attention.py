"""Maps of attention weights: as a figure with labels, and as a small picture that redraws fast."""

import io
from collections.abc import Sequence

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .colours import INK


def attention_map(
    weights: Tensor,
    queries: Sequence[str],
    keys: Sequence[str],
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw attention weights `[n,m]`, queries as rows, keys as columns; colours run from 0 to 1.

    Weights are printed where there is room, but for those of exactly 0; what is NaN, as a key that
    is hidden, stays blank.
    """
    ax = ax or plt.subplots()[1]
    ax.imshow(weights.numpy(), vmin=0, vmax=1, cmap="cividis")
    if len(queries) <= 8 and len(keys) <= 8:
        for row, column in weights.nan_to_num().nonzero().tolist():
            _print_weight(ax, row, column, float(weights[row, column]), len(keys) <= 5)
    ax.set_xticks(range(len(keys)), labels=list(keys))
    ax.set_yticks(range(len(queries)), labels=list(queries))
    ax.set(xlabel="key", ylabel="query", title=title)
    ax.grid(False)
    return ax


def _print_weight(ax: Axes, row: int, column: int, value: float, few: bool) -> None:
    """Print a weight in its cell, in small letters unless there are `few` cells."""
    colour = "black" if value > 0.5 else "white"
    size = 10 if few else 8
    ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=size, color=colour)


def attention_picture(
    weights: Tensor, queries: Sequence[str], keys: Sequence[str], cell: int = 32
) -> bytes:
    """Draw weights `[n,m]` as PNG bytes: queries as rows, keys as columns, brighter is more.

    Each is `cell` screen pixels wide.
    """
    n, m = weights.shape
    colours = matplotlib.colormaps["cividis"](weights.numpy(), bytes=True)
    heat = Image.fromarray(colours).resize((m * cell, n * cell), Image.Resampling.NEAREST)
    picture = Image.new("RGBA", ((m + 1) * cell, (n + 1) * cell), "#00000000")  # the page's colour
    picture.paste(heat, (cell, cell))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(findfont("DejaVu Sans"), cell * 3 // 5)
    for j, key in enumerate(keys):
        draw.text(((j + 1.5) * cell, cell / 2), key, fill=INK, font=font, anchor="mm")
    for i, query in enumerate(queries):
        draw.text((cell / 2, (i + 1.5) * cell), query, fill=INK, font=font, anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()
