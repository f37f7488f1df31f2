"""Attention weights: one step with all its numbers, steps as lines, maps; and what it buys."""

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from . import drawing
from .colours import BLUE, INK, ORANGE

GREEN = "#009E73"  # of what asks; one of the Okabe-Ito colours, as in style.mplstyle


def additive_steps(word: str, written: str, scores: Tensor, step: int) -> Figure:
    """Draw one step of additive attention, and below it all steps of a word.

    `scores` `[S,T]` has a row for each letter of `written` and a column for each of `word`; `step`
    counts from 1.
    """
    heights = {"height_ratios": (4.6, 2.5)}
    fig, (above, below) = plt.subplots(2, 1, figsize=(5.4, 7.6), gridspec_kw=heights)
    additive_step(word, written, scores, step, above)
    step_lines(word, written, scores.softmax(dim=1), step, below)
    return fig


def additive_step(word: str, written: str, scores: Tensor, step: int, ax: Axes) -> Axes:
    """Draw, from top to bottom, how step `step` (from 1) of additive attention writes a letter.

    State, scores `[S,T]`, softmax, weights, the weighted sum of the annotations, and what is
    written. An arrow's width shows its weight.
    """
    ax.set(xlim=(-2.4, len(word) - 0.4), ylim=(-0.4, 9.6))
    ax.set_axis_off()
    middle = (len(word) - 1) / 2
    places = range(len(word))
    weights = scores.softmax(dim=1)[step - 1].tolist()
    asking, now = f"$s_{{{step - 1}}}$", f"$s_{{{step}}}$"
    for j, place in enumerate(places):
        drawing.word(ax, place, 9.4, word[j])
        ax.plot((place, place), (7.9, 6.5), color=BLUE, lw=1.2)
        drawing.word(ax, place, 6.1, f"{scores[step - 1, j]:.1f}", fontsize=11)
        for high, low in ((5.85, 5.45), (4.75, 4.35)):
            ax.annotate("", (place, low), (place, high), arrowprops=_thin())
        drawing.word(ax, place, 4.05, f"{weights[j]:.3f}", fontsize=10, color=ORANGE)
        _to_context(ax, (place, 3.75), (middle, 2.55), weights[j])
        drawing.box(ax, place, 8.2, f"$h_{{{j + 1}}}$", BLUE)
        ax.plot(place, 6.95, "o", color=GREEN, ms=5)
    for left, right in itertools.pairwise(places):
        both_ways = {"arrowstyle": "<->", "color": INK, "shrinkA": 13, "shrinkB": 13}
        ax.annotate("", (right, 8.2), (left, 8.2), arrowprops=both_ways)
    ax.plot((-1.1, places[-1]), (6.95, 6.95), color=GREEN, lw=1.2)  # the state meets each h_j
    drawing.box(ax, -1.25, 6.95, asking, GREEN)
    softmax = {"boxstyle": "round,pad=0.05", "fc": drawing.tint(INK), "ec": INK}
    ax.add_patch(FancyBboxPatch((-0.3, 4.8), len(word) - 0.4, 0.6, **softmax))
    drawing.word(ax, middle, 5.1, "softmax", fontsize=11)
    for height, name in ((8.2, "annotation"), (6.1, "score"), (4.05, "weight"), (2.2, "context")):
        drawing.word(ax, -2.35, height, name, fontsize=10, ha="left")
    drawing.box(ax, middle, 2.2, f"$c_{{{step}}}$", ORANGE)
    _write(ax, middle, asking, now, _letters_around(written, step))
    return ax


def _thin() -> dict:
    return {"arrowstyle": "-|>", "color": INK, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}


def _letters_around(written: str, step: int) -> tuple[str, str]:
    """Return the letter before step `step`, ^ at the start, and the letter that it writes."""
    return f"^{written}"[step - 1], written[step - 1]


def _to_context(ax: Axes, start, end, weight: float) -> None:
    """Draw an arrow as wide and dark as an attention weight."""
    style = {
        "arrowstyle": "-|>",
        "color": ORANGE,
        "lw": 0.8 + 4.2 * weight,
        "alpha": 0.6 + 0.4 * weight,
        "shrinkA": 0,
        "shrinkB": 2,
    }
    ax.annotate("", end, start, arrowprops=style)


def _write(ax: Axes, middle: float, before: str, now: str, letters: tuple[str, str]) -> None:
    """Draw how context, state and the previous letter give the new state, which writes."""
    previous, new = letters
    drawing.box(ax, middle, 0.95, now, BLUE)
    drawing.box(ax, middle - 1.7, 0.95, before, GREEN)
    drawing.word(ax, middle + 1.3, 0.95, f'"{previous}" before', fontsize=11, ha="left")
    drawing.word(ax, middle, -0.2, f'writes "{new}"', fontsize=11)
    for start, end in (
        ((middle - 1.35, 0.95), (middle - 0.35, 0.95)),
        ((middle + 1.25, 0.95), (middle + 0.35, 0.95)),
        ((middle, 1.85), (middle, 1.35)),
        ((middle, 0.55), (middle, 0.1)),
    ):
        ax.annotate("", end, start, arrowprops=_thin())


def step_lines(word: str, written: str, weights: Tensor, step: int, ax: Axes) -> Axes:
    """Draw the weights `[S,T]` of all steps as lines from the source, above, to what is written.

    A line is as wide as its weight; those of step `step` (from 1) are orange. A dotted line joins
    each written letter with the place in the source where writing backwards finds it.
    """
    ax.set(xlim=(-2.4, len(word) - 0.4), ylim=(-0.75, 1.75))
    ax.set_axis_off()
    for i, row in enumerate(weights.tolist()):
        chosen = i == step - 1
        colour = ORANGE if chosen else BLUE
        ax.plot((len(word) - 1 - i, i), (1, 0), color=INK, lw=1.2, ls=":")
        for j, weight in enumerate(row):
            ax.plot((j, i), (1, 0), color=colour, lw=5 * weight, alpha=0.8, zorder=2 + chosen)
        style = {"color": ORANGE, "fontweight": "bold"} if chosen else {}
        drawing.word(ax, i, -0.2, written[i], **style)
        drawing.word(ax, i, -0.55, i + 1, fontsize=10)
    for j, letter in enumerate(word):
        drawing.word(ax, j, 1.2, letter)
        drawing.word(ax, j, 1.52, f"$h_{{{j + 1}}}$", color=BLUE)
    for height, name in ((1.2, "source"), (-0.2, "written"), (-0.55, "step")):
        drawing.word(ax, -2.35, height, name, fontsize=10, ha="left")
    return ax


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


def head_maps(kinds: Mapping[str, tuple[Tensor, Sequence[str], Sequence[str]]]) -> Figure:
    """Draw the weights of every head as maps: a row for each head, a column for each kind.

    Each kind has weights `[heads,n,m]`, NaN where a key is hidden, and the tokens of its queries
    and keys. The colours end at 0.5, so that small weights can be told apart.
    """
    heads = min(len(weights) for weights, _, _ in kinds.values())
    size = (6.6, 0.7 + 2.1 * heads)
    fig, axes = plt.subplots(heads, len(kinds), figsize=size, squeeze=False)
    for column, (name, (weights, queries, keys)) in enumerate(kinds.items()):
        for head, ax in enumerate(axes[:, column]):
            attention_map(weights[head], queries, keys, name if head == 0 else "", ax=ax)
            ax.images[0].set_clim(0, 0.5)
            ax.set(xlabel="key" if head == heads - 1 else "", ylabel="")
            if column == 0:
                ax.set_ylabel(f"head {head + 1}\nquery")
    share = {"shrink": 0.5, "aspect": 30, "location": "bottom", "extend": "max"}
    fig.colorbar(axes[0, 0].images[0], ax=axes, label="weight", **share)
    return fig


def position_waves(positions: Tensor, columns: Sequence[int], marked: int) -> Figure:
    """Draw some columns of positional encodings `[length,width]` against the position.

    A dotted line marks one position, and dots what the columns hold there.
    """
    size = (5.6, 0.4 + 0.8 * len(columns))
    fig, axes = plt.subplots(len(columns), 1, figsize=size, sharex=True, squeeze=False)
    for ax, column in zip(axes[:, 0], columns, strict=True):
        wave = positions[:, column].tolist()
        ax.plot(wave, color=BLUE)
        ax.axvline(marked, color=INK, ls=":", lw=1.2)
        ax.plot(marked, wave[marked], "o", color=ORANGE)
        ax.set(ylim=(-1.2, 1.2), yticks=(-1, 0, 1), xlim=(0, len(wave) - 1))
        ax.set_ylabel(f"column\n{column}", rotation=0, ha="right", va="center")
    axes[-1, 0].set_xlabel("position")
    return fig


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
