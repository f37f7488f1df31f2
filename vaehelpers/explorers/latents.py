"""The explorer of a walk through latent space.

It has one set of controls, and its pictures are drawn by the kernel or by the page.
"""

from collections.abc import Callable, Sequence

import ipywidgets as widgets
import torch
import traitlets

from ..vae.latent import encode
from . import frames, pages, walk
from .controls import Row
from .page import PageExplorer, SliderNames

LABEL = {"description_width": "110px"}
# Where each explorer's controls were left, by its name, so that a cell can be run again.
_kept: dict[str, dict] = {}


class Controls(widgets.VBox):
    """Sliders, view, pixel and buttons for a walk.

    `origin` is the part of z that the sliders do not change, a list of D floats.
    """

    origin = traitlets.List()

    def __init__(self, path: walk.Walk):
        self.path = path
        self.sliders = [self._slider(i) for i in range(len(path.labels))]
        self.view = widgets.ToggleButtons(
            options=walk.VIEWS, description="picture", style={"button_width": "70px"}
        )
        self.row = widgets.IntSlider(14, min=0, max=27, description="pixel row", style=LABEL)
        self.column = widgets.IntSlider(14, min=0, max=27, description="pixel column", style=LABEL)
        self.origin = path.origin.tolist()
        self.restore(_kept.get(path.name, {}))
        for control in self.pictured:
            control.observe(self._keep, "value")
        self.observe(self._keep, "origin")
        super().__init__([*self.sliders, *self._jumps(), self.view, self.row, self.column])

    def _slider(self, i: int) -> widgets.FloatSlider:
        axis = self.path.axis
        slider = widgets.FloatSlider(
            self.path.start[i],
            min=axis.low,
            max=axis.high,
            step=axis.step,
            description=self.path.labels[i],
            style=LABEL,
            readout_format=".0f" if axis.percent else ".2f",
        )
        return slider.add_class(f"{self.path.name}-{i}")

    @property
    def pictured(self) -> list[widgets.Widget]:
        """The controls whose values the picture shows."""
        return [*self.sliders, self.view, self.row, self.column]

    @property
    def values(self) -> list[float]:
        """What the sliders stand at."""
        return [slider.value for slider in self.sliders]

    @property
    def state(self) -> dict:
        """All that the picture depends on."""
        return {
            "values": self.values,
            "origin": self.origin,
            "view": self.view.value,
            "row": self.row.value,
            "column": self.column.value,
        }

    def restore(self, state: dict) -> None:
        """Put the controls where an earlier `state` had them, as far as it fits this walk."""
        if len(state.get("values", ())) != len(self.sliders):
            return
        if len(state["origin"]) != len(self.origin):
            return
        self.go(state["values"], state["origin"])
        self.view.value = state["view"]
        self.row.value = state["row"]
        self.column.value = state["column"]

    def go(self, values: Sequence[float], origin: Sequence[float]) -> None:
        """Move the sliders and the origin."""
        self.origin = list(origin)
        for slider, value in zip(self.sliders, values, strict=True):
            slider.value = value

    def _keep(self, _) -> None:
        _kept[self.path.name] = self.state

    def _jumps(self) -> list[widgets.Widget]:
        """Return buttons: back to the start and, where images can be looked up, two ways more."""
        path = self.path
        reset = _button("reset", lambda: self.go(path.start, path.origin.tolist()))
        if path.images is None:
            return [reset]
        images = path.images
        number = widgets.BoundedIntText(
            0, min=0, max=len(images) - 1, description="image", layout={"width": "180px"}
        )

        def go_through(z: torch.Tensor) -> None:
            values, origin = path.through(z)
            self.go(values, origin.tolist())

        def go_to_image() -> None:
            mean, _ = encode(path.model, images[number.value : number.value + 1])
            go_through(mean[0])

        random = _button("random", lambda: go_through(torch.randn(len(path.origin))))
        look_up = _button("encode", go_to_image)
        return [widgets.HBox([reset, random]), widgets.HBox([number, look_up])]


def _button(text: str, run: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=text, layout={"width": "80px"}).add_class(f"vae-{text}")
    button.on_click(lambda _: run())
    return button


def in_kernel(path: walk.Walk) -> widgets.Widget:
    """Return the explorer whose pictures the kernel draws.

    Each move of a slider sends values there and a PNG back. The picture is an `Image` widget fed
    with bytes, not an Output widget: it neither flickers nor piles up.
    """
    controls = Controls(path)
    chart = frames.chart_bytes(path)
    canvas, where = widgets.Image(format="png"), widgets.Label()

    def redraw(_=None):
        origin = torch.tensor(controls.origin)
        pixel = controls.row.value, controls.column.value
        view = str(controls.view.value)
        canvas.value = frames.frame(path, controls.values, origin, view, pixel, chart)
        place = walk.coordinates(path.latents(controls.values, origin))
        where.value = f"{place}; right: chances of the pixel's levels"

    for control in controls.pictured:
        control.observe(redraw, "value")
    controls.observe(redraw, "origin")
    redraw()
    names = SliderNames([*controls.sliders, controls.row, controls.column])
    return Row([widgets.VBox([canvas, where]), controls, names])


def in_page(path: walk.Walk) -> widgets.Widget:
    """Return the explorer whose pictures the page draws, with a decoder of its own.

    No picture waits for the kernel.
    """
    controls = Controls(path)
    inputs = {
        "values": controls.sliders,
        "view": controls.view,
        "row": controls.row,
        "column": controls.column,
    }
    page = PageExplorer("walk", pages.of_walk(path), {"origin": controls.origin}, inputs)

    def follow(change) -> None:
        page.state = {"origin": change.new}

    controls.observe(follow, "origin")
    return Row([page, controls])
