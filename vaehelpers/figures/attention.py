"""Maps of attention weights, as a figure and as a small picture; and what attention buys."""

import io
from collections.abc import Mapping, Sequence

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


def share_right(
    right: Mapping[str, Mapping[int, float]], longest_trained: int, ax: Axes | None = None
) -> Axes:
    """Draw the share of letters that each model writes right against the length of the word.

    `right` is {model: {letters in the word: share}}, with the same lengths for all. Lengths beyond
    `longest_trained` are shaded. The dotted line is guessing one of 26 letters.
    """
    ax = ax or plt.subplots()[1]
    for model, shares in right.items():
        ax.plot(list(shares), list(shares.values()), "o-", label=model)
    longest = max(max(shares) for shares in right.values())
    unseen = longest_trained + 0.5, longest
    ax.axvspan(*unseen, color="0.5", alpha=0.15, lw=0, label="never trained on")
    ax.axhline(1 / 26, color=INK, ls=":", label="guessing")
    ax.set(xlabel="letters in the word", ylabel="share of letters right", ylim=(0, 1.03))
    ax.legend(loc="lower left", ncols=2)
    return ax
