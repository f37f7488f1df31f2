"""The latent explorer's controls, its kernel tier, and what its page tier hands to the page."""

import ipywidgets as widgets
import pytest
import torch

from vaehelpers import explore_latents, latent, walk
from vaehelpers.model import seeded_vae


@pytest.fixture
def path(drawn, request):
    """A walk with pictures to look up, of a name of its own, so that no test meets another's positions."""
    return walk.over_prior(seeded_vae(0, z_dim=2), drawn.test.images[:20], name=request.node.name)


def click(controls, text):
    """Press the button with this text."""
    boxes = [controls, *(child for child in controls.children if isinstance(child, widgets.Box))]
    buttons = [
        child for box in boxes for child in box.children if isinstance(child, widgets.Button)
    ]
    next(button for button in buttons if button.description == text).click()


def test_kernel_tier_redraws(path):
    explorer = explore_latents.in_kernel(path)
    (canvas, where), controls = explorer.children[0].children, explorer.children[1]
    chart = walk.chart_bytes(path)
    assert canvas.value == walk.frame(path, [50, 50], path.origin, "mean", (14, 14), chart)
    controls.sliders[0].value, controls.sliders[1].value = 97, 3
    assert canvas.value == walk.frame(path, [97, 3], path.origin, "mean", (14, 14), chart)
    assert where.value.startswith("z = (1.88, -1.88)")
    controls.view.value, controls.row.value, controls.column.value = "mode", 2, 25
    assert canvas.value == walk.frame(path, [97, 3], path.origin, "mode", (2, 25), chart)


def test_buttons(path):
    controls = explore_latents.Controls(path)
    click(controls, "encode")
    code = latent.encode(path.model, path.images[:1])[0][0]
    torch.testing.assert_close(path.latents(controls.values, torch.tensor(controls.origin)), code)
    click(controls, "random")
    away = path.latents(controls.values, torch.tensor(controls.origin))
    assert not torch.allclose(away, code)
    click(controls, "reset")
    assert controls.values == [50, 50]
    assert controls.origin == [0, 0]


def test_positions_survive_a_second_run(path):
    first = explore_latents.Controls(path)
    first.sliders[0].value, first.view.value, first.row.value = 71, "sample", 3
    first.origin = [0.25, 0.0]
    second = explore_latents.Controls(path)
    assert (
        second.state
        == first.state
        == {"values": [71, 50], "origin": [0.25, 0.0], "view": "sample", "row": 3, "column": 14}
    )


def test_positions_of_another_walk_are_not_taken_over(path, drawn):
    explore_latents.Controls(path).sliders[0].value = 71
    other = walk.over_active(
        seeded_vae(0, z_dim=4), drawn.test.images[:20], count=2, name=path.name
    )
    assert explore_latents.Controls(other).values == [0, 0]


def test_page_tier_listens_to_the_same_sliders(path):
    page, controls = explore_latents.in_page(path).children
    assert page.sliders == controls.sliders
    controls.origin = [0.5, -0.5]
    assert page.origin == [0.5, -0.5]
    assert page.directions == [[1, 0], [0, 1]]
    assert page.percent
    assert page.chart.startswith(b"\x89PNG")
    assert [page.noise[0], page.noise[-1]] == pytest.approx(
        [float(walk.noise()[0, 0]), float(walk.noise()[-1, -1])]
    )
