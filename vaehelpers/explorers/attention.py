"""The explorer of attention: any word, every head, any letter hidden."""

import ipywidgets as widgets
from torch import nn

from . import pages
from .controls import LABEL, Column
from .page import PageExplorer

# What web/attention_explorer.js and web/translators.js know by name.
KINDS = ("encoder, self", "decoder, masked self", "decoder, cross", "additive (Bahdanau)")
MASKS = ("none", "past and present", "two nearest on each side")
BUTTONS = {**LABEL, "button_width": "auto"}  # as wide as their words
SHOWN = ("weights", "scores")


def attention_explorer(
    transformer: nn.Module, additive: nn.Module, word: str = "keyboards", kind: str = KINDS[2]
) -> widgets.Widget:
    """Return a box for a word, and the weights with which trained translators write it backwards.

    Both models are of `attention.reversal`. There are controls for the `kind` of attention, one of
    `KINDS`, the temperature, which divides the scores, a mask, and for what is shown: scores or
    weights. A letter that is clicked is hidden.
    """
    inputs = {
        "word": widgets.Text(word, description="word", style=LABEL),
        "kind": widgets.ToggleButtons(
            options=KINDS, value=kind, description="attention", style=BUTTONS
        ),
        "temperature": widgets.FloatLogSlider(
            1, base=10, min=-1, max=1, step=0.05, description="temperature", style=LABEL
        ),
        "mask": widgets.SelectionSlider(options=MASKS, description="mask", style=LABEL),
        "shown": widgets.ToggleButtons(options=SHOWN, description="show", style=BUTTONS),
    }
    inputs["word"].add_class("attention-word")
    given = pages.of_attention(transformer, additive)
    page = PageExplorer("attention", given, {"hidden": []}, inputs)
    return Column([*inputs.values(), page])
