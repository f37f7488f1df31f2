"""Diagrams of a VAE with real numbers in it: the pipeline, sizes, a layer, and sampling."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from torch import Tensor

from . import drawing
from .colours import BLUE, INK, ORANGE

HIGH = 15  # the brightest of the 16 levels
SMALL = 10.5  # points of the words beside the boxes
PIXEL = 2.4 / 28  # how wide a pixel is in a picture
STEPS = (ORANGE, BLUE, ORANGE, INK)  # colours of the steps of a sample: chance, network, chance


def vae_pipeline(image: Tensor, mean: Tensor, std: Tensor, eps: Tensor, decoded: Tensor) -> Axes:
    """Draw the way of one image through a VAE, with its own numbers (practical, Figure 4).

    `image` and `decoded` are levels `[1,28,28]`, from 0 to 15; `mean`, `std` and the noise `eps`
    are `[D]`, and are drawn as bars. z = mean + std eps is computed here.
    """
    ax = drawing.blank((8, 3.9), (0, 16), (0, 7.8))
    picture(ax, 1.5, 4.4, image)
    drawing.word(ax, 1.5, 6.2, "image x")
    drawing.word(ax, 1.5, 2.65, _times(1, 28, 28), fontsize=SMALL)
    _funnel(ax, (3.1, 5.0), 4.4, (1.3, 0.7), "encoder", BLUE)
    drawing.word(ax, 4.05, 2.65, "28→14→7→4", fontsize=SMALL)
    scale = 0.75 / max(1.0, float((mean.abs() + std).max()))
    bars(ax, (5.6, 7.6), 5.5, mean, BLUE, scale)
    drawing.word(ax, 6.6, 6.6, "mean", color=BLUE)
    bars(ax, (5.6, 7.6), 3.3, std, BLUE, scale)
    drawing.word(ax, 6.6, 4.1, "std", color=BLUE)
    bars(ax, (5.6, 7.6), 1.3, eps, INK, scale / 2)
    drawing.word(ax, 6.6, 2.3, "noise eps", fontsize=SMALL)
    bars(ax, (8.6, 10.6), 4.4, mean + std * eps, ORANGE, scale)
    drawing.word(ax, 9.6, 5.9, "z = mean + std·eps", color=ORANGE, fontsize=SMALL)
    drawing.word(ax, 9.6, 2.65, f"{len(mean)} numbers", fontsize=SMALL)
    _funnel(ax, (11.1, 13.0), 4.4, (0.7, 1.3), "decoder", BLUE)
    drawing.word(ax, 12.0, 2.65, "4→7→14→28", fontsize=SMALL)
    picture(ax, 14.6, 4.4, decoded)
    drawing.word(ax, 14.5, 6.5, "p(x|z): 16 logits", fontsize=SMALL)
    drawing.word(ax, 14.5, 6.0, "for each pixel", fontsize=SMALL)
    drawing.word(ax, 14.6, 2.65, _times(16, 28, 28), fontsize=SMALL)
    drawing.word(ax, 14.6, 2.1, "(drawn: mean level)", fontsize=10)
    for start, end in (
        ((5.05, 4.7), (5.7, 5.4)),
        ((5.05, 4.1), (5.7, 3.4)),
        ((7.6, 5.4), (8.6, 4.7)),
        ((7.6, 3.4), (8.6, 4.1)),
        ((7.6, 1.4), (8.9, 3.5)),
        ((2.75, 4.4), (3.1, 4.4)),
        ((10.65, 4.4), (11.1, 4.4)),
        ((13.05, 4.4), (13.35, 4.4)),
    ):
        _short_arrow(ax, start, end)
    _framed(ax, (5.4, 7.8), (2.9, 7.0), "KL: how far q(z|x) is from the prior")
    _under(ax, (1.5, 14.6), 0.45, "reconstruction: what x costs under p(x|z)")
    return ax


def sizes(encoder: Sequence[tuple[int, ...]], decoder: Sequence[tuple[int, ...]]) -> Axes:
    """Draw the shapes that pass through both networks.

    Each is `(channels, side, side)`, `(n,)` or `(rows, n)`. A square is as wide as its picture, in
    pixels; a row of numbers is a line.
    """
    ax = drawing.blank((8, 3.6), (-1, 31), (-1, 13.4))
    for y, name, shapes in ((9.3, "encoder", encoder), (2.2, "decoder", decoder)):
        drawing.word(ax, -0.6, y + 3.3, name, ha="left", color=BLUE)
        x, stride = 1.7, 29 / len(shapes)
        for number, shape in enumerate(shapes):
            _block(ax, x, y, shape)
            drawing.word(ax, x, y - 2.6, _times(*shape), fontsize=10)
            if number:
                before = shapes[number - 1]
                _short_arrow(ax, (x - stride + _half(before) + 0.15, y), (x - _half(shape), y))
            x += stride
    return ax


def transposed_convolution(pixels: Sequence[float], pattern: Sequence[float]) -> Axes:
    """Draw how a row of pixels becomes about twice as long, with stride 2.

    Each of the pixels is multiplied by the pattern of three weights, two places further than the
    pixel before; where products meet, they are added. Marked are the places that `padding=1` cuts
    off, and the one that `output_padding=1` gives back.
    """
    count, places = len(pixels), 2 * len(pixels) + 1
    ax = drawing.blank((6.5, 0.55 * (count + 5)), (-3.6, places - 0.3), (-2.9, count + 2.1))
    ax.set_aspect("equal")
    sums = [0.0] * places
    _cells(ax, 1, count + 1, pixels, INK, apart=2)
    _beside(ax, count + 1, f"{count} pixels")
    for number, pixel in enumerate(pixels):
        colour, y = (BLUE, ORANGE)[number % 2], count - 0.4 - number
        products = [pixel * weight for weight in pattern]
        _cells(ax, 2 * number, y, products, colour)
        _beside(ax, y, f"{pixel:g} times {', '.join(f'{weight:g}' for weight in pattern)}")
        for step, product in enumerate(products):
            sums[2 * number + step] += product
    _cells(ax, 0, -0.8, sums, INK, bold=True)
    _beside(ax, -0.8, f"the sum: {places} places")
    for y, last, text in (
        (-1.7, places - 2, f"padding=1 leaves {places - 2}"),
        (-2.4, places - 1, f"output_padding=1: {places - 1}"),
    ):
        ax.plot((0.55, last + 0.45), (y, y), color=INK, lw=2, solid_capstyle="butt")
        for end in (0.55, last + 0.45):
            ax.plot((end, end), (y - 0.15, y + 0.15), color=INK, lw=2)
        _beside(ax, y, text)
    return ax


def ancestral_sampling(
    z: Tensor,
    chances: Tensor,
    drawn: Tensor,
    pixel: tuple[int, int] = (14, 14),
    names: tuple[str, str, str, str] = ("1. draw z", "2. decode", "3. draw levels", "a sample"),
) -> Axes:
    """Draw the steps of a sample: z from the prior, the decoder, a draw for each pixel.

    `z` is `[D]`; `chances` `[16,28,28]` are the probabilities of each pixel's levels, drawn as the
    mean levels, and as bars for one `pixel`, whose row and column are given and which is marked;
    `drawn` are the sample's levels `[1,28,28]`, from 0 to 15. `names` are written above the steps.
    """
    chances = chances.detach()
    means = torch.einsum("k,khw->hw", torch.arange(len(chances)).to(chances), chances)[None]
    of_pixel = chances[:, pixel[0], pixel[1]]
    y = 2.75
    ax = drawing.blank((8, 2.6), (0, 16), (0, 5.2))
    drawing.die(ax, 0.6, y, 0.7)
    bars(ax, (1.7, 3.7), y, z, ORANGE, 1.2 / float(z.abs().max()))
    _funnel(ax, (4.3, 6.1), y, (0.6, 1.2), "decoder", BLUE)
    picture(ax, 8.0, y, means, mark=pixel)
    bars(ax, (9.9, 11.8), y - 0.9, of_pixel, BLUE, 2.0 / float(of_pixel.max()))
    drawing.die(ax, 12.65, y, 0.7)
    picture(ax, 14.8, y, drawn, mark=pixel)
    for x, name, colour in zip((1.9, 5.2, 11.6, 14.8), names, STEPS, strict=True):
        drawing.word(ax, x, 4.7, name, fontsize=13, color=colour)
    for x, text in (
        (0.7, "from the\nprior"),
        (2.7, f"{len(z)}\nlatents"),
        (8.0, "the decoder's\nmean levels"),
        (10.85, "levels 0 to 15\nof one pixel"),
        (14.8, "all pixels, each\nby itself"),
    ):
        drawing.word(ax, x, 0.6, text)
    for start, end in ((1.1, 1.6), (3.8, 4.25), (6.15, 6.7), (11.8, 12.2), (13.1, 13.55)):
        _short_arrow(ax, (start, y), (end, y))
    _short_arrow(ax, _pixel_at(8.0, y, pixel), (9.8, y), ORANGE)
    return ax


def _times(*numbers: int) -> str:
    """Write a shape with the sign of multiplication between its numbers."""
    return "\u00d7".join(map(str, numbers))


def _cells(ax: Axes, left: int, y: float, values, colour: str, *, apart=1, bold=False) -> None:
    """Write numbers in squares, from place `left` on, `apart` places from each other."""
    for number, value in enumerate(values):
        x = left + apart * number
        square = Rectangle((x - 0.45, y - 0.4), 0.9, 0.8, fc=drawing.tint(colour), ec=colour)
        ax.add_patch(square)
        drawing.word(ax, x, y, f"{value:g}", weight="bold" if bold else "normal")


def _beside(ax: Axes, y: float, text: str) -> None:
    """Write what a row is at its left."""
    drawing.word(ax, -0.75, y, text, ha="right")


def picture(
    ax: Axes, x: float, y: float, levels: Tensor, mark: tuple[int, int] | None = None
) -> None:
    """Draw levels `[1,28,28]` as a picture 2.4 wide whose middle is at x, y.

    `mark` puts a frame round the pixel in that row and column.
    """
    left, bottom = x - 1.2, y - 1.2
    extent = (left, left + 2.4, bottom, bottom + 2.4)
    grey = levels[0].float().cpu().numpy()
    ax.imshow(grey, cmap="gray", vmin=0, vmax=HIGH, extent=extent, aspect="auto", zorder=2)
    if mark is not None:
        across, up = _pixel_at(x, y, mark)
        corner = (across - PIXEL, up - PIXEL)
        ax.add_patch(Rectangle(corner, 2 * PIXEL, 2 * PIXEL, fill=False, ec=ORANGE, lw=2, zorder=3))


def _pixel_at(x: float, y: float, pixel: tuple[int, int]) -> tuple[float, float]:
    """Return where a pixel's middle is in a picture whose middle is at x, y."""
    row, column = pixel
    return x + (column - 13.5) * PIXEL, y + (13.5 - row) * PIXEL


def bars(
    ax: Axes, across: tuple[float, float], y: float, values: Tensor, colour: str, scale: float
) -> None:
    """Draw numbers `[D]` as bars that stand on a line at height y, between two places across."""
    left, right = across
    width = (right - left) / len(values)
    middles = [left + (number + 0.5) * width for number in range(len(values))]
    heights = [scale * value for value in values.tolist()]
    ax.bar(middles, heights, 0.75 * width, bottom=y, color=colour)
    ax.plot((left, right), (y, y), color=INK, lw=0.8)


def _funnel(
    ax: Axes, across: tuple[float, float], y: float, halves: tuple[float, float], name: str, colour
) -> None:
    """Draw a network as a box that is `halves` high above and below y, at its left and right."""
    (left, right), (first, last) = across, halves
    corners = [(left, y - first), (left, y + first), (right, y + last), (right, y - last)]
    ax.add_patch(Polygon(corners, fc=drawing.tint(colour), ec=colour, lw=1.5))
    drawing.word(ax, (left + right) / 2, y, name)


def _half(shape: tuple[int, ...]) -> float:
    """Return half the width of what `_block` draws."""
    if len(shape) == 3:
        return shape[-1] * 2.0 / 28
    rows = shape[0] if len(shape) == 2 else 1
    return 0.1 + 0.25 * (rows - 1)


def _block(ax: Axes, x: float, y: float, shape: tuple[int, ...]) -> None:
    """Draw a square for channels of a picture, a line for each row of numbers."""
    half = _half(shape)
    if len(shape) == 3:
        lefts, wide, up = [x - half], 2 * half, half
    else:
        rows = shape[0] if len(shape) == 2 else 1
        lefts, wide, up = [x - half + 0.5 * row for row in range(rows)], 0.2, 2.0
    for left in lefts:
        ax.add_patch(
            Rectangle((left, y - up), wide, 2 * up, fc=drawing.tint(BLUE), ec=BLUE, lw=1.5)
        )


def _short_arrow(ax: Axes, start, end, colour: str = INK) -> None:
    """Draw an arrow that fills the gap between two things."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", end, start, arrowprops=style, zorder=4)


def _framed(ax: Axes, across: tuple[float, float], up: tuple[float, float], text: str) -> None:
    """Draw a frame round what a term of the loss is about, and write the term above it."""
    (left, right), (bottom, top) = across, up
    frame = Rectangle((left, bottom), right - left, top - bottom, fill=False, ec=ORANGE, lw=1.2)
    ax.add_patch(frame)
    drawing.word(ax, (left + right) / 2, top + 0.35, text, fontsize=SMALL, color=ORANGE)


def _under(ax: Axes, across: tuple[float, float], y: float, text: str) -> None:
    """Write a term of the loss below, with lines to the two things that it compares."""
    left, right = across
    for x in across:
        ax.plot((x, x), (y + 0.25, 1.75), color=ORANGE, lw=1.2)
    ax.plot(across, (y + 0.25, y + 0.25), color=ORANGE, lw=1.2)
    drawing.word(ax, (left + right) / 2, y - 0.15, text, fontsize=SMALL, color=ORANGE)
