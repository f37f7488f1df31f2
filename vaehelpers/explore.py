"""Sliders and boxes: thin ipywidgets shells around pure functions from numbers or text to PNG bytes or text."""

import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from . import figures


@dataclass(frozen=True)
class Mechanism:
    """Scaled attention scores `[heads,n,m]` of one mechanism, with the tokens that its queries and keys stand for."""

    scores: Tensor
    queries: Sequence[str]
    keys: Sequence[str]


MASKS = {
    "none": lambda offset: offset < math.inf,
    "past and present": lambda offset: offset <= 0,
    "two nearest on each side": lambda offset: offset.abs() <= 2,
}


def attention_weights(scores: Tensor, temperature: float, mask: str) -> Tensor:
    """Return softmax(scores / temperature) `[...,n,m]` under one of `MASKS`, which look at key minus query place."""
    n, m = scores.shape[-2:]
    offset = torch.arange(m) - torch.arange(n)[:, None]
    return (scores / temperature).masked_fill(~MASKS[mask](offset), -math.inf).softmax(-1)


def attention_picture(
    weights: Tensor, queries: Sequence[str], keys: Sequence[str], cell: int = 32
) -> bytes:
    """Draw weights `[n,m]` as PNG bytes: queries as rows, keys as columns, each `cell` wide, brighter is more."""
    n, m = weights.shape
    colours = matplotlib.colormaps["cividis"](weights.numpy(), bytes=True)[..., :3]
    heat = Image.fromarray(colours).resize((m * cell, n * cell), Image.Resampling.NEAREST)
    picture = Image.new("RGB", ((m + 1) * cell, (n + 1) * cell), "white")
    picture.paste(heat, (cell, cell))
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(findfont("DejaVu Sans"), cell * 3 // 5)
    places = [((j + 1.5) * cell, cell / 2, key) for j, key in enumerate(keys)]
    for x, y, text in places + [
        (cell / 2, (i + 1.5) * cell, query) for i, query in enumerate(queries)
    ]:
        draw.text((x, y), text, fill="black", font=font, anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()


def attention_explorer(mechanisms: dict[str, Mechanism]) -> widgets.Widget:
    """Return controls for mechanism, head, temperature and mask, and the attention weights that follow from them."""
    heads, wide = (
        min(len(each.scores) for each in mechanisms.values()),
        {"description_width": "90px"},
    )
    which = widgets.ToggleButtons(options=list(mechanisms), description="attention")
    head = widgets.IntSlider(1, min=1, max=heads, description="head", style=wide)
    temperature = widgets.FloatLogSlider(
        1, base=10, min=-1, max=1, step=0.05, description="temperature", style=wide
    )
    mask = widgets.SelectionSlider(options=list(MASKS), description="mask", style=wide)
    canvas, note = widgets.Image(format="png"), widgets.Label()
    head.add_class("attention-head")

    def redraw(_=None):
        shown = mechanisms[which.value]
        weights = attention_weights(shown.scores[head.value - 1], temperature.value, mask.value)
        canvas.value = attention_picture(weights, shown.queries, shown.keys)
        entropy = float(-torch.xlogy(weights, weights).sum(-1).mean())
        note.value = (
            f"mean entropy of a row: {entropy:.2f} of at most {math.log(weights.shape[1]):.2f} nats"
        )

    for control in (which, head, temperature, mask):
        control.observe(redraw, "value")
    redraw()
    return widgets.VBox(
        [which, widgets.HBox([canvas, widgets.VBox([head, temperature, mask, note])])]
    )


def prior_samples_explorer(
    z: Tensor, judge: Callable[[list[float], float, int], tuple[Tensor, str]]
) -> widgets.Widget:
    """Return sliders for a posterior's centre, its std, and the number of prior samples; and those that matter.

    `z` `[L,2]` are prior samples. `judge(mean, std, number)` returns the share `(number,)` that each of the first
    `number` has in the average, and a line of text about it.
    """
    centre = [_slider(1, -2.5, 2.5, 0.1, f"centre, z{i}") for i in (1, 2)]
    std, number = (
        _slider(0.2, 0.02, 0.95, 0.01, "posterior std"),
        _slider(len(z) // 4, 10, len(z), 10, "samples"),
    )
    std.add_class("posterior-std")

    def draw() -> tuple[Axes, str]:
        mean, count = [slider.value for slider in centre], number.value
        share, text = judge(mean, std.value, count)
        return figures.prior_samples(z[:count], share, mean, std.value, _axes(4.2, 4)), text

    return _drawn([*centre, std, number], draw)


def kl_explorer(kl: Callable[[float, float, float, float], float]) -> widgets.Widget:
    """Return sliders for two Gaussians, their densities with the integrand shaded, and both divergences in nats.

    `kl(mean_q, mean_p, std_q, std_p)` computes KL(q||p).
    """
    sliders = [
        _slider(1, -4, 4, 0.1, "mean of q"),
        _slider(1, 0.3, 3, 0.1, "std of q"),
        _slider(0, -4, 4, 0.1, "mean of p"),
        _slider(2, 0.3, 3, 0.1, "std of p"),
    ]
    sliders[0].add_class("kl-mean-q")

    def draw() -> tuple[Axes, str]:
        mq, sq, mp, sp = (slider.value for slider in sliders)
        ax = figures.kl_integrand((mq, sq), (mp, sp), _axes(5.4, 3.4))
        ax.set_ylim(-0.6, 1.4)
        return (
            ax,
            f"KL(q‖p) = {kl(mq, mp, sq, sp):.3f} nats, KL(p‖q) = {kl(mp, mq, sp, sq):.3f} nats",
        )

    return _drawn(sliders, draw)


def picker(number: int, name: str, draw: Callable[[int, Sequence[Axes]], str]) -> widgets.Widget:
    """Return a slider over 0, 1, ..., `number` - 1, and a figure of two panels with a line of text below.

    `draw(i, axes)` draws item i into the two axes and returns the text.
    """
    which = _slider(0, 0, number - 1, 1, name)
    which.add_class("picker")

    def shown() -> tuple[Axes, str]:
        fig = Figure(figsize=(7.4, 3.7), layout="none")
        axes = fig.subplots(
            1, 2, gridspec_kw={"left": 0.08, "right": 0.99, "bottom": 0.13, "top": 0.97}
        )
        text = draw(which.value, axes)
        return axes[0], text

    return _drawn([which], shown)


class LiveCurve:
    """Training and validation bpd, drawn while `training.fit` runs: give it `batch` to call, and epochs to `epoch`.

    `widget` is what to display. Nothing is drawn more often than five times a second.
    """

    def __init__(self, epochs: int):
        self.widget, self.epochs, self.points = (
            widgets.Image(format="png"),
            epochs,
            {"batches": [], "validation": []},
        )
        self._draw()

    def batch(self, when: float, bpd: float) -> None:
        """Add the score of a batch, `when` in epochs."""
        self.points["batches"].append((when, bpd))
        if time.monotonic() - self._drawn > 0.2:
            self._draw()

    def epoch(self, number: int, bpd: float) -> None:
        """Add the validation score after an epoch."""
        self.points["validation"].append((number, bpd))
        self._draw()

    def _draw(self) -> None:
        ax = _axes(6, 3)
        for (name, points), style in zip(self.points.items(), ("-", "o-"), strict=True):
            ax.plot(*zip(*points, strict=True) if points else ((), ()), style, label=name)
        ax.set(xlabel="epoch", ylabel="bits per dimension", xlim=(0, self.epochs), ylim=(1, 4.2))
        ax.legend(loc="upper right")
        self.widget.value, self._drawn = _png(ax), time.monotonic()


def _slider(value: float, low: float, high: float, step: float, name: str) -> widgets.Widget:
    """Return a slider over whole numbers where `step` is one, else over floats."""
    options = {
        "min": low,
        "max": high,
        "step": step,
        "description": name,
        "style": {"description_width": "90px"},
    }
    return (
        widgets.IntSlider(value, **options)
        if isinstance(step, int)
        else widgets.FloatSlider(value, **options)
    )


def _axes(width: float, height: float) -> Axes:
    fig = Figure(
        figsize=(width, height), layout="none"
    )  # fitting a layout takes longer than drawing
    return fig.add_axes((0.72 / width, 0.52 / height, 1 - 0.82 / width, 1 - 0.62 / height))


def _drawn(
    sliders: Sequence[widgets.Widget], draw: Callable[[], tuple[Axes, str]]
) -> widgets.Widget:
    """Put a figure and a line of text, both renewed by `draw` as they move, beside some sliders."""
    canvas, note = widgets.Image(format="png"), widgets.Label()

    def redraw(_=None):
        ax, note.value = draw()
        canvas.value = _png(ax)

    for slider in sliders:
        slider.observe(redraw, "value")
    redraw()
    return widgets.HBox([canvas, widgets.VBox([*sliders, note])])


def _png(ax: Axes) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(ax.figure).print_png(
        buffer
    )  # savefig would draw twice, to measure a tight frame
    return buffer.getvalue()


def text_box(judge: Callable[[str], str], text: str) -> widgets.Widget:
    """Return a box to type in and, below it, what `judge` says of the text, renewed as one types."""
    box = widgets.Textarea(text, description="mail", rows=5, layout={"width": "95%"})
    verdict = widgets.HTML(judge(text))
    box.add_class("mail-text")
    verdict.add_class("mail-verdict")
    box.observe(lambda change: setattr(verdict, "value", judge(change.new)), "value")
    return widgets.VBox([box, verdict])
