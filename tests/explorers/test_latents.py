"""The latent explorer's controls, its kernel tier, and what its page tier hands to the page."""

import ipywidgets as widgets
import pytest
import torch

from vaehelpers.explorers import frames, in_kernel, in_page, walk
from vaehelpers.explorers.latents import Controls
from vaehelpers.vae import latent, seeded_vae


@pytest.fixture
def path(drawn, request):
    """A walk with pictures to look up.

    It has a name of its own, so that no test meets another's positions.
    """
    model = seeded_vae(0, z_dim=2)
    return walk.over_prior(model, drawn.test.images[:20], name=request.node.name)


def place(controls) -> torch.Tensor:
    """Return the z at which the controls stand."""
    return controls.path.latents(controls.values, torch.tensor(controls.origin))


def buttons(controls) -> dict[str, widgets.Button]:
    """Return the buttons among the controls by their text."""
    found = {}
    for box in (controls, *controls.children):
        for child in getattr(box, "children", ()):
            if isinstance(child, widgets.Button):
                found[child.description] = child
    return found


def test_kernel_tier_redraws(path):
    left, controls, _ = in_kernel(path).children
    canvas, where = left.children
    chart = frames.chart_bytes(path)

    def frame(values, view, pixel):
        return frames.frame(path, values, path.origin, view, pixel, chart)

    assert canvas.value == frame([50, 50], "mean", (14, 14))
    controls.sliders[0].value, controls.sliders[1].value = 97, 3
    assert canvas.value == frame([97, 3], "mean", (14, 14))
    assert where.value.startswith("z = (1.88, -1.88)")
    controls.view.value, controls.row.value, controls.column.value = "mode", 2, 25
    assert canvas.value == frame([97, 3], "mode", (2, 25))


def test_buttons(path):
    controls = Controls(path)
    found = buttons(controls)
    found["encode"].click()
    code = latent.encode(path.model, path.images[:1])[0][0]
    torch.testing.assert_close(place(controls), code)
    found["random"].click()
    assert not torch.allclose(place(controls), code)
    found["reset"].click()
    assert controls.values == [50, 50]
    assert controls.origin == [0, 0]


def test_a_walk_without_pictures_can_only_be_reset(drawn):
    path = walk.between(seeded_vae(0, z_dim=2), *drawn.test.images[:2], name="no pictures")
    assert buttons(Controls(path)).keys() == {"reset"}


def test_controls_go_where_they_are_told(path):
    controls = Controls(path)
    controls.go([20, 70], [0.5, -0.5])
    assert controls.values == [20, 70]
    assert controls.origin == [0.5, -0.5]


def test_positions_survive_a_second_run(path):
    first = Controls(path)
    first.sliders[0].value, first.view.value, first.row.value = 71, "sample", 3
    first.origin = [0.25, 0.0]
    second = Controls(path)
    left = {"values": [71, 50], "origin": [0.25, 0.0], "view": "sample", "row": 3, "column": 14}
    assert second.state == first.state == left


def test_positions_of_another_walk_are_not_taken_over(path, drawn):
    Controls(path).sliders[0].value = 71
    model, images = seeded_vae(0, z_dim=4), drawn.test.images[:20]
    other = walk.over_active(model, images, count=2, name=path.name)
    assert Controls(other).values == [0, 0]


def test_page_tier_listens_to_the_same_sliders(path):
    page, controls = in_page(path).children
    assert page.inputs["values"] == controls.sliders
    controls.origin = [0.5, -0.5]
    assert page.state == {"origin": [0.5, -0.5]}
    given = page.given["walk"]
    assert given["directions"] == [[1, 0], [0, 1]]
    assert (given["low"], given["high"], given["percent"]) == (1, 99, True)
    assert page.given["chart"].startswith("data:image/png;base64,iVBOR")
    noise = frames.noise()
    ends = [float(noise[0, 0]), float(noise[-1, -1])]
    assert [page.given["noise"][0], page.given["noise"][-1]] == pytest.approx(ends, abs=1e-4)
