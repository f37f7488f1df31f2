"""Diagrams: a graphical model, and two forward passes drawn from their own numbers."""

import itertools

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Circle, FancyBboxPatch
from torch import Tensor

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"


def alignment_step(letters: str, alpha: Tensor, step: int, previous: str, written: str) -> Axes:
    """Draw decoder step `step` (from 1) of additive attention: annotations, weights alpha `[T]`, context and state.

    An arrow's width and darkness show its weight; weights of a tenth or more are printed on it.
    """
    places = [1.4 * j for j in range(len(letters))]
    middle = places[-1] / 2
    ax = _blank((8.2, 4.2), (min(-1, middle - 3.5), max(places[-1] + 1, middle + 3.5)), (-1.2, 4.8))
    for j, (letter, weight) in enumerate(zip(letters, alpha.tolist(), strict=True)):
        _box(ax, places[j], 0, f"$h_{{{j + 1}}}$", BLUE)
        ax.text(places[j], -1, letter, ha="center", va="center", fontsize=12)
        _arrow(ax, (places[j], -1), (places[j], 0), GREY)
        _arrow(
            ax,
            (places[j], 0),
            (middle, 2),
            ORANGE,
            width=0.5 + 5 * weight,
            alpha=0.2 + 0.8 * weight,
        )
        if weight >= 0.1:
            ax.text(
                (places[j] + middle) / 2,
                1,
                f"$\\alpha_{{{step}{j + 1}}}$ = {weight:.2f}",
                ha="center",
                fontsize=10,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
    for left, right in itertools.pairwise(places):
        _arrow(ax, (left, 0), (right, 0), GREY, both=True)
    _box(ax, middle, 2, f"$c_{{{step}}}$", ORANGE)
    _box(ax, middle, 3.2, f"$s_{{{step}}}$", BLUE)
    _box(ax, middle - 2, 3.2, f"$s_{{{step - 1}}}$", BLUE)
    ax.text(middle, 4.5, f"$y_{{{step}}}$ = {written}", ha="center", va="center", fontsize=12)
    ax.text(
        middle + 2.05, 3.2, f"$y_{{{step - 1}}}$ = {previous}", ha="left", va="center", fontsize=12
    )
    ax.text(
        middle - 2,
        1.9,
        f"query: scores\neach $h_j$ by $e_{{{step}j}}$",
        ha="center",
        va="center",
        fontsize=9,
    )
    _arrow(ax, (middle - 2, 3.2), (middle - 2, 1.9), GREY)
    for start, end in (
        ((-2, 3.2), (0, 3.2)),
        ((2.1, 3.2), (0, 3.2)),
        ((0, 2), (0, 3.2)),
        ((0, 3.2), (0, 4.5)),
    ):
        _arrow(ax, (middle + start[0], start[1]), (middle + end[0], end[1]), GREY)
    return ax


def graphical_model() -> Axes:
    """Draw the graphical model of a latent variable model: z to x inside a plate of N, theta outside."""
    ax = _blank((3.2, 2.6), (-0.5, 3.5), (-0.7, 2.6))
    ax.add_patch(FancyBboxPatch((-0.1, -0.4), 2.2, 2.6, "round,pad=0.1", fc="none", ec=GREY))
    for (x, y), name, colour in (((1, 1.7), "$z_n$", "white"), ((1, 0.3), "$x_n$", "0.85")):
        ax.add_patch(Circle((x, y), 0.38, fc=colour, ec="black"))
        ax.text(x, y, name, ha="center", va="center", fontsize=12)
    ax.add_patch(Circle((3, 0.3), 0.06, color="black"))
    ax.text(3, 0.6, r"$\theta$", ha="center", fontsize=12)
    ax.text(1.95, -0.35, "$N$", ha="right", fontsize=11)
    _arrow(ax, (1, 1.7), (1, 0.3), GREY)
    _arrow(ax, (3, 0.3), (1, 0.3), GREY)
    ax.set_aspect("equal")
    return ax


def message(
    tokens: list[str], ids: list[int], padding: int, logit: float, probability: float
) -> Axes:
    """Draw how a message enters and leaves a classifier: tokens, indices, positions, padding mask; logit at [CLS].

    `tokens` and `ids` are of one length, [CLS] first; `padding` places follow them; `probability` is 0 to 1.
    Of a long message the first dozen tokens are drawn, of a long token its first letters.
    """
    if len(tokens) > 13:
        tokens, ids = [*tokens[:12], "..."], [*ids[:12], "..."]
    tokens = [_drawable(token if len(token) < 11 else token[:9] + "...") for token in tokens]
    rows = {
        "token": [*tokens, *["[PAD]"] * padding],
        "index": [*ids, *[0] * padding],
        "position": range(len(tokens) + padding),
        "visible": ["yes"] * len(tokens) + ["no"] * padding,
    }
    columns = len(tokens) + padding
    ax = _blank((min(0.78 * columns + 1, 10), 3.3), (-1.5, columns), (-0.6, 6.4))
    for y, (name, entries) in zip((3, 2, 1, 0), rows.items(), strict=True):
        ax.text(-0.7, y, name, ha="right", va="center", fontsize=9, color=GREY)
        for x, entry in enumerate(entries):
            off = x >= len(tokens)
            ax.text(
                x,
                y,
                entry,
                ha="center",
                va="center",
                fontsize=9 if len(str(entry)) < 7 else 7,
                color="0.6" if off else BLUE if name == "token" else "black",
            )
    ax.add_patch(
        FancyBboxPatch((-0.4, 3.75), columns - 0.2, 0.75, "round,pad=0.05", fc="0.94", ec=GREY)
    )
    ax.text(
        (columns - 1) / 2,
        4.12,
        "encoder layers: every visible token looks at every visible token",
        ha="center",
        va="center",
        fontsize=9,
    )
    _arrow(ax, (0, 4.1), (0, 5.9), ORANGE, width=2)
    ax.text(
        0,
        5.7,
        f"logit {logit:+.2f}, so p(spam) = {probability:.3f}",
        ha="left",
        va="center",
        color=ORANGE,
    )
    return ax


def _drawable(text: str) -> str:
    """Replace what the figures' font cannot draw by a box."""
    font = get_font(findfont("DejaVu Sans"))
    return "".join(char if font.get_char_index(ord(char)) else "\u25a1" for char in text)


def _blank(size: tuple[float, float], across: tuple[float, float], up: tuple[float, float]) -> Axes:
    ax = plt.subplots(figsize=size)[1]
    ax.set(xlim=across, ylim=up)
    ax.set_axis_off()
    return ax


def _box(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=12,
        bbox={
            "boxstyle": "round,pad=0.3",
            "facecolor": "white",
            "edgecolor": colour,
            "linewidth": 1.5,
        },
    )


def _arrow(
    ax: Axes, start, end, colour: str, width: float = 1.2, alpha: float = 1.0, both: bool = False
) -> None:
    """Draw an arrow between two places, stopping 16 points before either, where a box or a letter stands."""
    ax.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "<->" if both else "-|>",
            "color": colour,
            "lw": width,
            "alpha": alpha,
            "shrinkA": 16,
            "shrinkB": 16,
        },
    )
