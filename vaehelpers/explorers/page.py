"""The walk through latent space as a widget that the page draws, with a decoder of its own."""

from collections.abc import Sequence

import anywidget
import ipywidgets as widgets
import traitlets

from . import layers
from .bundle import WEB, bundle
from .frames import chart_png, noise
from .walk import Walk


class PageDecoder(anywidget.AnyWidget):
    """The explorer of a walk, drawn by the page.

    It listens to `sliders` without asking the kernel.
    """

    _esm = bundle("widget") + "\nexport default modules.widget;\n"
    _css = WEB / "explorers.css"
    sliders = traitlets.List().tag(sync=True, **widgets.widget_serialization)
    layers = traitlets.List().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    chart = traitlets.Bytes().tag(sync=True)
    noise = traitlets.List().tag(sync=True)
    directions = traitlets.List().tag(sync=True)
    origin = traitlets.List().tag(sync=True)
    percent = traitlets.Bool().tag(sync=True)
    low = traitlets.Float().tag(sync=True)
    high = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    view = traitlets.Int().tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)

    def __init__(self, path: Walk, sliders: Sequence[widgets.FloatSlider]):
        super().__init__(
            **layers.of_decoder(path.model.decoder),
            sliders=sliders,
            chart=chart_png(path),
            noise=noise().flatten().tolist(),
            directions=path.directions.tolist(),
            origin=path.origin.tolist(),
            percent=path.axis.percent,
            low=path.axis.low,
            high=path.axis.high,
            step=path.axis.step,
        )
