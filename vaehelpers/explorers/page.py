"""Explorers as widgets that the page draws by itself; their sliders are widgets of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from .bundle import WEB, bundle

Inputs = Mapping[str, widgets.Widget | Sequence[widgets.Widget]]


class PageExplorer(anywidget.AnyWidget):
    """The explorer that `web/registry.js` has under a name, drawn by the page.

    `given` is what it needs (`pages` makes it), `state` what it shows; what `inputs` hold it takes
    from these widgets, without asking the kernel.
    """

    _esm = bundle("widget") + "\nexport default modules.widget;\n"
    _css = WEB / "explorers.css"
    explorer = traitlets.Unicode().tag(sync=True)
    given = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True, **widgets.widget_serialization)

    def __init__(self, explorer: str, given: Mapping[str, Any], state: dict, inputs: Inputs):
        super().__init__(explorer=explorer, given=dict(given), state=state, inputs=dict(inputs))


class SliderNames(anywidget.AnyWidget):
    """Names for sliders whose pictures the kernel draws; nothing of it is to be seen.

    Explorers that the page draws name their sliders themselves.
    """

    _esm = bundle("names") + "\nexport default modules.names;\n"
    _css = WEB / "explorers.css"
    inputs = traitlets.Dict().tag(sync=True, **widgets.widget_serialization)

    def __init__(self, sliders: Sequence[widgets.Widget]):
        super().__init__(inputs={"sliders": list(sliders)})
