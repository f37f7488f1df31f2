"""Diagrams: a graphical model, and a message on its way through the classifier."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Circle, FancyBboxPatch

from . import drawing
from .colours import BLUE, INK, ORANGE

MOST_TOKENS = 8  # of a long message are drawn
LONGEST_TOKEN = 8  # letters; of a longer one the first seven are drawn


def graphical_model() -> Axes:
    """Draw the graphical model of a latent variable model.

    z leads to x inside a plate of N; theta stands outside.
    """
    ax = drawing.blank((3.2, 2.6), (-0.5, 3.5), (-0.7, 2.6))
    ax.add_patch(FancyBboxPatch((-0.1, -0.4), 2.2, 2.6, "round,pad=0.1", fc="none", ec=INK))
    drawing.node(ax, 1, 1.7, "$z_n$")
    drawing.node(ax, 1, 0.3, "$x_n$", observed=True)
    ax.add_patch(Circle((3, 0.3), 0.06, color=INK))
    ax.text(3, 0.6, r"$\theta$", ha="center", fontsize=12)
    ax.text(1.95, -0.35, "$N$", ha="right", fontsize=11)
    drawing.arrow(ax, (1, 1.7), (1, 0.3), INK)
    drawing.arrow(ax, (3, 0.3), (1, 0.3), INK)
    ax.set_aspect("equal")
    return ax


def message(
    tokens: list[str], ids: list[int], padding: int, logit: float, probability: float
) -> Axes:
    """Draw how a message enters and leaves a classifier.

    It shows tokens, indices, positions, padding mask, and the logit at [CLS]. `tokens` and `ids`
    are of one length, [CLS] first; `padding` places follow them; `probability` is 0 to 1. Of a long
    message the first eight tokens are drawn, of a long token its first letters.
    """
    shown: list[str] = tokens
    indices: list[object] = list(ids)
    places: list[object] = list(range(len(tokens) + padding))
    if len(tokens) > MOST_TOKENS + 1:
        shown = [*tokens[:MOST_TOKENS], "..."]
        indices = [*ids[:MOST_TOKENS], "..."]
        places = [*places[:MOST_TOKENS], "...", *places[len(tokens) :]]
    used = len(shown)
    columns = used + padding
    ax = drawing.blank((8, 3.4), (-1.5, max(columns, 8)), (-0.6, 6.4))
    words = [_drawable(token) for token in shown]
    _row(ax, 3, "token", [*words, *["[PAD]"] * padding], used, BLUE)
    _row(ax, 2, "index", [*indices, *[0] * padding], used)
    _row(ax, 1, "position", places, used)
    _row(ax, 0, "visible", ["yes"] * used + ["no"] * padding, used)
    layers = "encoder layers: every visible token looks at every visible token"
    frame = FancyBboxPatch(
        (-0.4, 3.75), columns - 0.2, 0.75, "round,pad=0.05", fc=drawing.tint(INK), ec=INK
    )
    ax.add_patch(frame)
    ax.text((columns - 1) / 2, 4.12, layers, ha="center", va="center", fontsize=11)
    drawing.arrow(ax, (0, 4.1), (0, 5.9), ORANGE, width=2)
    verdict = f"logit {logit:+.2f}, so p(spam) = {probability:.3f}"
    ax.text(0, 5.7, verdict, ha="left", va="center", color=ORANGE, fontsize=12)
    return ax


def _row(
    ax: Axes, y: float, name: str, entries: Sequence[object], used: int, colour: str = INK
) -> None:
    """Write a row of a message's table: its name, and an entry a column, grey beyond `used`."""
    ax.text(-0.7, y, name, ha="right", va="center", fontsize=10, color=INK)
    for x, entry in enumerate(entries):
        drawing.word(
            ax,
            x,
            y,
            entry,
            fontsize=10,
            color=colour if x < used else INK,
            alpha=1 if x < used else 0.75,
        )


def _drawable(token: str) -> str:
    """Shorten a long token, and replace what the figures' font cannot draw by a box."""
    text = token if len(token) <= LONGEST_TOKEN else token[: LONGEST_TOKEN - 1] + "..."
    font = get_font(findfont("DejaVu Sans"))
    return "".join(char if font.get_char_index(ord(char)) else "\u25a1" for char in text)
