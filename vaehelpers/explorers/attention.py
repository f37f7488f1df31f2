"""The explorer of attention weights: mechanism, head, temperature and mask."""

import math
from collections.abc import Sequence

import ipywidgets as widgets
import torch
from torch import Tensor

from ..attention.masking import MASKS, attention_weights
from ..figures.attention import attention_picture
from .controls import LABEL, Column

# Scaled scores [heads,n,m] of one mechanism, and the tokens that its queries and keys stand for.
Mechanism = tuple[Tensor, Sequence[str], Sequence[str]]


def attention_explorer(mechanisms: dict[str, Mechanism]) -> widgets.Widget:
    """Return controls for mechanism, head, temperature and mask, and the weights that follow.

    Each mechanism has scaled scores `[heads,n,m]`, n tokens of the queries and m of the keys.
    """
    heads = min(len(scores) for scores, _, _ in mechanisms.values())
    which = widgets.ToggleButtons(options=list(mechanisms), description="attention")
    head = widgets.IntSlider(1, min=1, max=heads, description="head", style=LABEL)
    temperature = widgets.FloatLogSlider(
        1, base=10, min=-1, max=1, step=0.05, description="temperature", style=LABEL
    )
    mask = widgets.SelectionSlider(options=list(MASKS), description="mask", style=LABEL)
    canvas, note = widgets.Image(format="png"), widgets.Label()
    head.add_class("attention-head")

    def redraw(_=None):
        scores, queries, keys = mechanisms[str(which.value)]
        weights = attention_weights(scores[head.value - 1], temperature.value, str(mask.value))
        canvas.value = attention_picture(weights, queries, keys)
        entropy = float(-torch.xlogy(weights, weights).sum(-1).mean())
        most = math.log(weights.shape[1])
        note.value = f"mean entropy of a row: {entropy:.2f} of at most {most:.2f} nats"

    for control in (which, head, temperature, mask):
        control.observe(redraw, "value")
    redraw()
    panel = widgets.VBox([head, temperature, mask, note])
    return Column([which, widgets.HBox([canvas, panel])])
