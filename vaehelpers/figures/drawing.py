"""The strokes of which every diagram is made: boxes, nodes, dice, words and arrows.

They are readable on white and on black pages alike: nothing is filled with white, and what has no
colour of its own is drawn in a grey that stands out from both.
"""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyBboxPatch

from .colours import INK, ORANGE

PIPS = ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1))  # of a die that shows a five


def blank(size: tuple[float, float], across: tuple[float, float], up: tuple[float, float]) -> Axes:
    """Return axes without frame or ticks, over the given ranges."""
    ax = plt.subplots(figsize=size)[1]
    ax.set(xlim=across, ylim=up)
    ax.set_axis_off()
    return ax


def word(ax: Axes, x: float, y: float, text: object, **style) -> None:
    """Write a text whose middle is at x, y."""
    usual = {"ha": "center", "va": "center", "fontsize": 12, "color": INK}
    ax.text(x, y, str(text), **{**usual, **style})


def box(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Write a text in a rounded box with a coloured edge, filled with a breath of that colour."""
    frame = {"boxstyle": "round,pad=0.3", "facecolor": tint(colour), "edgecolor": colour}
    word(ax, x, y, text, bbox={**frame, "linewidth": 1.5})


def tint(colour: str) -> tuple[float, float, float, float]:
    """Return a colour that lets nearly all of the page through."""
    return to_rgba(colour, 0.12)


def node(ax: Axes, x: float, y: float, text: str, observed: bool = False) -> None:
    """Draw a random variable: its name in a circle, which is filled where it is observed."""
    fill = to_rgba(INK, 0.35) if observed else "none"
    ax.add_patch(Circle((x, y), 0.38, fc=fill, ec=INK))
    word(ax, x, y, text)


def die(ax: Axes, x: float, y: float, side: float = 0.5) -> None:
    """Draw a die with its middle at x, y: what comes out of it is chance."""
    corner = (x - side / 2, y - side / 2)
    rounded = f"round,pad={0.12 * side}"
    ax.add_patch(FancyBboxPatch(corner, side, side, rounded, fc=tint(ORANGE), ec=ORANGE))
    for right, up in PIPS:
        pip = (x + 0.3 * side * right, y + 0.3 * side * up)
        ax.add_patch(Circle(pip, 0.1 * side, color=ORANGE))


def arrow(
    ax: Axes, start, end, colour: str, width: float = 1.2, alpha: float = 1.0, both: bool = False
) -> None:
    """Draw an arrow between two places.

    It stops 16 points before either, where a box or a letter stands.
    """
    style = {
        "arrowstyle": "<->" if both else "-|>",
        "color": colour,
        "lw": width,
        "alpha": alpha,
        "shrinkA": 16,
        "shrinkB": 16,
    }
    ax.annotate("", end, start, arrowprops=style)
