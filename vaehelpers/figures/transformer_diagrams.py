"""Diagrams of attention by hand, shapes, masks, heads, a Transformer's layer, and the whole."""

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from . import drawing
from .colours import BLUE, INK, ORANGE

GREEN = "#009E73"  # of the Okabe-Ito colours, as in style.mplstyle
TIMES = "\u00d7"  # between rows and columns
MEETING = 1.35  # height at which the query meets the keys, in the example by hand


def attention_by_hand(
    tokens: Sequence[str], query: Tensor, keys: Tensor, values: Tensor, weights: Tensor
) -> Axes:
    """Draw how the query of the last token meets all keys and collects their values.

    `query` is `[d_k]`, `keys` `[m,d_k]`, `values` `[m,d_v]`, `weights` `[m]`, m the number of
    tokens. An arrow's width shows its weight. Scores and output are computed from the tensors.
    """
    scores = keys @ query
    scaled = scores / len(query) ** 0.5
    places = [2.9 * j for j in range(len(tokens))]
    middle = places[-1] / 2
    ax = drawing.blank((8, 5), (-3.4, places[-1] + 1.6), (-0.5, 6.3))
    drawing.box(ax, -2.2, MEETING, f'query of "{tokens[-1]}"\n{_tuple(query)}', GREEN)
    for j, place in enumerate(places):
        drawing.word(ax, place, -0.2, tokens[j])
        drawing.box(ax, place, 0.8, f"key {_tuple(keys[j])}", BLUE)
        drawing.word(ax, place, 1.95, f"score {scores[j]:g}", fontsize=11)
        drawing.word(ax, place, 2.42, f"scaled {scaled[j]:g}", fontsize=11)
        drawing.word(ax, place, 2.89, f"weight {weights[j]:.3f}", fontsize=11, color=ORANGE)
        drawing.box(ax, place, 3.9, f"value {_tuple(values[j])}", BLUE)
        width = 0.5 + 6 * float(weights[j])
        drawing.arrow(ax, (place, 3.9), (middle, 5.8), ORANGE, width=width)
        drawing.arrow(ax, (place, 0.75), (place, 1.95), BLUE)
        ax.plot(place, MEETING, "o", color=GREEN, ms=5)
    ax.plot((-1.5, places[-1]), (MEETING, MEETING), color=GREEN, lw=1.2)  # it meets each key
    drawing.box(ax, middle, 5.8, f"output {_tuple(weights @ values, digits=2)}", ORANGE)
    return ax


def _tuple(vector: Tensor, digits: int = 0) -> str:
    return "(" + ", ".join(f"{number:.{digits}f}" for number in vector.tolist()) + ")"


def attention_shapes(n: int, m: int, d_k: int, d_v: int) -> Axes:
    """Draw the tensors of attention as rectangles: n queries, m keys and values of d_k and d_v.

    A rectangle is as high as its tensor has rows and as wide as it has columns.
    """
    signs = 15  # between the matrices, and the arrow in the middle
    right = 2 * m + 2 * d_v + d_k + m + signs
    ax = drawing.blank((8, 3.6), (0, right), (-4, 14))
    first = [("Q", n, d_k, GREEN), ("Kᵀ", d_k, m, BLUE), ("scores", n, m, INK)]
    second = [("weights", n, m, ORANGE), ("V", m, d_v, BLUE), ("output", n, d_v, ORANGE)]
    left = _matrices(ax, 0.5, first, ("·", "="))
    drawing.arrow(ax, (left - 2.6, 5), (left + 5.9, 5), INK)
    steps = "divide\nby $\\sqrt{d_k}$;\nsoftmax\nof a row"
    drawing.word(ax, left + 1.6, 7.7, steps, fontsize=10)
    _matrices(ax, left + 5, second, ("·", "="))
    drawing.word(ax, right / 2, -3.2, f"n = {n} queries, m = {m} keys and values", fontsize=11)
    return ax


def _matrices(ax: Axes, left: float, parts: Sequence[tuple], signs: Sequence[str]) -> float:
    """Draw matrices in a row around the height 5, with signs between; return the right end."""
    for (name, rows, columns, colour), sign in zip(parts, (*signs, ""), strict=True):
        style = {"fc": drawing.tint(colour), "ec": colour, "lw": 1.5}
        ax.add_patch(Rectangle((left, 5 - rows / 2), columns, rows, **style))
        drawing.word(ax, left + columns / 2, 5 + rows / 2 + 1, name, color=colour)
        drawing.word(
            ax, left + columns / 2, 5 - rows / 2 - 1, f"{rows} {TIMES} {columns}", fontsize=10
        )
        left += columns
        drawing.word(ax, left + 0.9, 5, sign)
        left += 1.8
    return left


def visible_keys(
    mask: Tensor, title: str, queries: Sequence[str], keys: Sequence[str], ax: Axes
) -> Axes:
    """Draw a mask `[n,m]`, True where a query, row, may look at a key, column: such are filled."""
    for row, column in mask.nonzero().tolist():
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=BLUE, ec="none", alpha=0.6))
    ax.set(xlim=(-0.5, len(keys) - 0.5), ylim=(len(queries) - 0.5, -0.5), title=title)
    ax.set_aspect("equal")
    ax.set_xticks(range(len(keys)), labels=list(keys))
    ax.set_yticks(range(len(queries)), labels=list(queries))
    ax.set_xticks([column - 0.5 for column in range(1, len(keys))], minor=True)
    ax.set_yticks([row - 0.5 for row in range(1, len(queries))], minor=True)
    ax.grid(False, which="major")
    ax.grid(True, which="minor")
    ax.tick_params(length=0, which="both")
    ax.set(xlabel="key", ylabel="query")
    return ax


def mask_panels(masks: Mapping[str, Tensor]) -> Figure:
    """Draw masks `[n,m]`, by their titles, beside each other; tokens are numbered from 1."""
    fig, axes = plt.subplots(1, len(masks), figsize=(8, 3), squeeze=False)
    for ax, (title, mask) in zip(axes[0], masks.items(), strict=True):
        queries, keys = ([str(place + 1) for place in range(size)] for size in mask.shape)
        visible_keys(mask, title, queries, keys, ax)
    return fig


def architecture(source: Sequence[str], before: Sequence[str], written: Sequence[str]) -> Axes:
    """Draw a Transformer of one encoder and one decoder layer, and who looks at whom.

    `source` enters the encoder, `before` the decoder: the start sign and the letters so far. It
    answers `written`. Beside each attention stand its queries as rows and keys as columns; filled
    where a query may look.
    """
    ax = drawing.blank((6.4, 7.2), (-1.7, 11.7), (-1.2, 11.5))
    attend, combine = ORANGE, GREEN
    left, right = 2.1, 7.9
    encoder = [
        (0, " ".join(source), BLUE),
        (1.2, "embed, add positions", BLUE),
        (2.8, "self-attention", attend),
        (3.8, "add, normalise", combine),
        (5.2, "feed-forward", attend),
        (6.2, "add, normalise", combine),
    ]
    decoder = [
        (0, " ".join(before), BLUE),
        (1.2, "embed, add positions", BLUE),
        (2.8, "masked self-attention", attend),
        (3.8, "add, normalise", combine),
        (5.2, "cross-attention", attend),
        (6.2, "add, normalise", combine),
        (7.6, "feed-forward", attend),
        (8.6, "add, normalise", combine),
        (9.9, "linear map, softmax", BLUE),
        (11.1, " ".join(written), BLUE),
    ]
    _stack(ax, left, encoder)
    _stack(ax, right, decoder)
    memory = {"color": INK, "lw": 1.2}
    ax.plot((left, left, 5, 5), (6.55, 7.1, 7.1, 5.2), **memory)  # to the decoder's queries
    ax.annotate("", (right - 1.95, 5.2), (4.98, 5.2), arrowprops={"arrowstyle": "-|>", **memory})
    drawing.word(ax, 3.7, 7.45, "keys, values", fontsize=11)
    drawing.word(ax, right - 0.2, 4.5, "queries", fontsize=11, ha="right")
    drawing.word(ax, left, -0.9, "encoder")
    drawing.word(ax, right, -0.9, "decoder")
    n, m = len(before), len(source)
    everything = torch.ones(m, m, dtype=torch.bool), torch.ones(n, m, dtype=torch.bool)
    past = torch.ones(n, n, dtype=torch.bool).tril()
    _small_mask(ax, left - 2.85, 2.8, everything[0])
    _small_mask(ax, right + 2.85, 2.8, past)
    _small_mask(ax, right + 2.85, 5.2, everything[1])
    return ax


def _stack(ax: Axes, x: float, parts: Sequence[tuple[float, str, str]]) -> None:
    """Draw parts (height, text, colour) above each other around x, and the paths past each two."""
    for (low, _, _), (high, _, _) in itertools.pairwise(parts):
        up = {"arrowstyle": "-|>", "color": INK}
        ax.annotate("", (x, high - 0.35), (x, low + 0.35), arrowprops=up)
    for height, text, colour in parts:
        style = {"fc": drawing.tint(colour), "ec": colour, "lw": 1.5}
        frame = FancyBboxPatch((x - 1.85, height - 0.3), 3.7, 0.6, "round,pad=0.05", **style)
        ax.add_patch(frame)
        drawing.word(ax, x, height, text, fontsize=11)
        if text == "add, normalise":  # what came into the part below goes around it
            side = x + 2.15
            ax.plot((x, side, side), (height - 1.62, height - 1.62, height), color=INK, lw=1.2)
            arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0}
            ax.annotate("", (x + 1.9, height), (side + 0.02, height), arrowprops=arrow)


def _small_mask(ax: Axes, x: float, y: float, mask: Tensor) -> None:
    """Draw a mask `[n,m]` as squares around x, y: filled where a query, row, may look at a key."""
    n, m = mask.shape
    side = 0.3
    for row in range(n):
        for column in range(m):
            place = x + (column - m / 2) * side, y + (n / 2 - 1 - row) * side
            fill = to_rgba(BLUE, 0.6) if mask[row, column] else "none"
            ax.add_patch(Rectangle(place, side, side, fc=fill, ec=INK, lw=0.8))


def multi_head(heads: int, width: int) -> Axes:
    """Draw multi-head attention: one part of queries, keys and values for each head.

    `width` is that of the model, which the heads share.
    """
    ax = drawing.blank((8, 4.2), (-3.2, 13.2), (-0.8, 8.2))
    places = [10 * (head + 0.5) / heads for head in range(heads)]
    drawing.box(ax, 5, 0, f"n tokens, {width} numbers each", BLUE)
    for head, place in enumerate(places, start=1):
        drawing.box(ax, place, 2.2, "Q, K, V", GREEN)
        drawing.box(ax, place, 4.2, f"head {head}", ORANGE)
        drawing.arrow(ax, (5, 0), (place, 2.2), INK)
        drawing.arrow(ax, (place, 2.2), (place, 4.2), INK)
        drawing.arrow(ax, (place, 4.2), (5, 6), INK)
    drawing.box(ax, 5, 6, "heads side by side", ORANGE)
    drawing.box(ax, 5, 7.7, "output", ORANGE)
    drawing.arrow(ax, (5, 6), (5, 7.7), INK)
    part = width // heads
    for height, shape in (
        (0, f"n {TIMES} {width}"),
        (2.2, f"each n {TIMES} {part}"),
        (4.2, f"each n {TIMES} {part}"),
        (6, f"n {TIMES} {width}"),
        (7.7, f"n {TIMES} {width}"),
    ):
        drawing.word(ax, 12, height, shape, fontsize=11)
    for height, step in ((1.1, "project"), (3.2, "attend"), (6.85, "mix")):
        drawing.word(ax, -2, height, step, fontsize=11)
    return ax


def encoder_layer(width: int, hidden: int) -> Axes:
    """Draw a Transformer encoder layer: attention, feed-forward network, and the paths around.

    `width` is the model's, `hidden` that of the feed-forward network.
    """
    ax = drawing.blank((8, 5.4), (-6, 8), (-0.6, 10.6))
    frame = FancyBboxPatch((-3.6, 1.0), 7.2, 8.4, "round,pad=0.1", fc="none", ec=INK, ls=":")
    ax.add_patch(frame)
    parts = [
        (0, "tokens: embeddings + positions", BLUE),
        (2.4, "multi-head self-attention", ORANGE),
        (4.4, "add, then normalise", GREEN),
        (6.4, "feed-forward network", ORANGE),
        (8.4, "add, then normalise", GREEN),
        (10.2, "the same tokens, revised", BLUE),
    ]
    for (low, _, _), (high, _, _) in itertools.pairwise(parts):
        drawing.arrow(ax, (0, low), (0, high), INK)
    for height, text, colour in parts:
        drawing.box(ax, 0, height, text, colour)
    for start, end in ((1.35, 4.4), (5.35, 8.4)):
        _around(ax, start, end)
    notes = [
        (2.4, "tokens look at each other"),
        (4.4, f"n {TIMES} {width}"),
        (6.4, f"each token by itself:\n{width} → {hidden} → {width}"),
        (8.4, f"n {TIMES} {width}"),
    ]
    for height, note in notes:
        drawing.word(ax, 3.9, height, note, ha="left", fontsize=11)
    drawing.word(ax, -3.8, 5.2, "residual:\nwhat came in\nis kept", ha="right", fontsize=11)
    return ax


def _around(ax: Axes, start: float, end: float) -> None:
    """Draw the path from the height `start` past a part to the left edge of the box at `end`."""
    ax.plot([0, -3.1, -3.1], [start, start, end], color=INK, lw=1.2)
    ax.annotate(
        "", (-1.9, end), (-3.13, end), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2}
    )
