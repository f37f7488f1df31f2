"""The explorer of a walk through latent space: one set of sliders, over a picture by the kernel or by the page."""

from collections.abc import Callable, Sequence

import ipywidgets as widgets
import torch
import traitlets

from . import latent, walk
from .page import PageDecoder

_kept: dict[
    str, dict
] = {}  # positions of the sliders of each explorer, by name, so that a cell can be run again


class Controls(widgets.VBox):
    """Sliders, view, pixel and buttons for a walk; `origin` is what the sliders do not reach, a list of D floats."""

    origin = traitlets.List()

    def __init__(self, path: walk.Walk):
        self.path, wide = path, {"description_width": "110px"}
        self.sliders = [
            widgets.FloatSlider(
                value,
                min=path.low,
                max=path.high,
                step=path.step,
                description=label,
                style=wide,
                readout_format=".0f" if path.percent else ".2f",
            ).add_class(f"{path.name}-{i}")
            for i, (label, value) in enumerate(zip(path.labels, path.start, strict=True))
        ]
        self.view = widgets.ToggleButtons(
            options=walk.VIEWS, description="picture", style={"button_width": "70px"}
        )
        self.row, self.column = (
            widgets.IntSlider(14, min=0, max=27, description=f"pixel {name}", style=wide)
            for name in ("row", "column")
        )
        self.origin = path.origin.tolist()
        self.restore(_kept.get(path.name, {}))
        for control in (*self.sliders, self.view, self.row, self.column):
            control.observe(self._keep, "value")
        self.observe(self._keep, "origin")
        super().__init__([*self.sliders, *self._jumps(), self.view, self.row, self.column])

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
        if len(state.get("values", ())) != len(self.sliders) or len(state["origin"]) != len(
            self.origin
        ):
            return
        self.origin = state["origin"]
        for slider, value in zip(self.sliders, state["values"], strict=True):
            slider.value = value
        self.view.value, self.row.value, self.column.value = (
            state["view"],
            state["row"],
            state["column"],
        )

    def go(self, values: Sequence[float], origin: torch.Tensor) -> None:
        """Move the sliders and what lies beyond them."""
        self.origin = origin.tolist()
        for slider, value in zip(self.sliders, values, strict=True):
            slider.value = value

    def _keep(self, _) -> None:
        _kept[self.path.name] = self.state

    def _jumps(self) -> list[widgets.Widget]:
        """Return a button to go back to the start and, where images can be looked up, two more ways to go elsewhere."""
        path = self.path
        reset = _button("reset", lambda: self.go(path.start, path.origin))
        if path.images is None:
            return [reset]
        random = _button("random", lambda: self.go(*path.through(torch.randn(len(path.origin)))))
        number = widgets.BoundedIntText(
            0, min=0, max=len(path.images) - 1, description="image", layout={"width": "180px"}
        )

        def encode() -> None:
            mean, _ = latent.encode(path.model, path.images[number.value : number.value + 1])
            self.go(*path.through(mean[0]))

        return [widgets.HBox([reset, random]), widgets.HBox([number, _button("encode", encode)])]


def _button(text: str, run: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=text, layout={"width": "80px"}).add_class(f"vae-{text}")
    button.on_click(lambda _: run())
    return button


def in_kernel(path: walk.Walk) -> widgets.Widget:
    """Return the explorer whose pictures the kernel draws: each move of a slider sends values there and a PNG back.

    The picture is an `Image` widget fed with bytes, not an Output widget: it neither flickers nor piles up.
    """
    controls, chart = Controls(path), walk.chart_bytes(path)
    canvas, where = widgets.Image(format="png"), widgets.Label()

    def redraw(_=None):
        state = controls.state
        origin = torch.tensor(state["origin"])
        canvas.value = walk.frame(
            path, state["values"], origin, state["view"], (state["row"], state["column"]), chart
        )
        where.value = f"{walk.coordinates(path.latents(state['values'], origin))}; right: chances of the pixel's levels"

    for control in (*controls.sliders, controls.view, controls.row, controls.column):
        control.observe(redraw, "value")
    controls.observe(redraw, "origin")
    redraw()
    return widgets.HBox([widgets.VBox([canvas, where]), controls])


def in_page(path: walk.Walk) -> widgets.Widget:
    """Return the explorer whose pictures the page draws, with a decoder of its own: none waits for the kernel."""
    controls = Controls(path)
    page = PageDecoder(path, controls.sliders)
    for name, trait in {"view": "index", "row": "value", "column": "value"}.items():
        widgets.jslink((getattr(controls, name), trait), (page, name))
    traitlets.dlink((controls, "origin"), (page, "origin"))
    return widgets.HBox([page, controls])
