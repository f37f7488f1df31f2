"""The box to type in, with a verdict below it that is renewed as one types."""

from collections.abc import Callable

import ipywidgets as widgets

from .controls import Column


def text_explorer(judge: Callable[[str], str], text: str) -> widgets.Widget:
    """Return a box that holds `text` at first and, below it, what `judge` says of its contents."""
    box = widgets.Textarea(text, description="mail", rows=5, layout={"width": "95%"})
    verdict = widgets.HTML(judge(text))
    box.add_class("mail-text")
    verdict.add_class("mail-verdict")

    def renew(change) -> None:
        verdict.value = judge(change.new)

    box.observe(renew, "value")
    return Column([box, verdict])
