"""Walks: where sliders lead."""

import pytest
import torch
from conftest import lively

from vaehelpers.explorers import walk
from vaehelpers.vae import latent, seeded_vae


def test_percentiles_become_latents(flat_walk):
    torch.testing.assert_close(flat_walk.latents([97.5, 50]), torch.tensor([1.959964, 0.0]))
    assert flat_walk.start == (50, 50)
    assert flat_walk.latents(flat_walk.start).tolist() == [0, 0]
    assert flat_walk.labels == ("z1 [%]", "z2 [%]")


def test_over_prior_wants_two_latents():
    with pytest.raises(ValueError, match="z_dim=2, got z_dim=3"):
        walk.over_prior(seeded_vae(0, z_dim=3))


@pytest.mark.parametrize("which", ["over_prior", "over_active"])
def test_sliders_and_origin_lead_back_to_any_latent(which, flat_walk, drawn):
    path = flat_walk
    if which == "over_active":
        path = walk.over_active(lively(5), drawn.test.images[:50], count=2)
    axis = path.axis
    size = len(path.origin)
    for z in 3 * torch.randn(10, size, generator=torch.Generator().manual_seed(0)):
        values, origin = path.through(z)
        assert all(axis.low <= value <= axis.high for value in values)
        torch.testing.assert_close(path.latents(values, origin), z)
        on_grid = [round(value / axis.step) * axis.step for value in values]
        assert values == pytest.approx(on_grid)


def test_sliders_go_as_near_as_they_can(flat_walk):
    values, origin = flat_walk.through(torch.tensor([0.5, -0.5]))
    assert values == [69, 31]
    assert origin.abs().max() < 0.02  # only what lies between two steps


def test_the_most_active_latents_come_first(drawn):
    model = seeded_vae(0, z_dim=5)
    with torch.no_grad():
        model.encoder.mean.bias.copy_(torch.tensor([0.0, 3.0, 0.0, 0.0, -2.0]))
    path = walk.over_active(model, drawn.test.images[:20], count=2)
    assert path.directions.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert [label.split()[0] for label in path.labels] == ["z2", "z5"]
    nats = float(path.labels[0].split("(")[1].split()[0])
    assert nats == pytest.approx(3**2 / 2, abs=0.2)


def test_between_goes_from_one_code_to_the_other(drawn):
    model, images = lively(3), drawn.test.images[:2]
    path = walk.between(model, *images)
    codes, _ = latent.encode(model, images)
    torch.testing.assert_close(path.latents([0]), codes[0])
    torch.testing.assert_close(path.latents([1]), codes[1])
    torch.testing.assert_close(path.latents([0.5]), codes.mean(0))


def test_coordinates():
    assert walk.coordinates(torch.tensor([1.0, -0.456])) == "z = (1.00, -0.46)"
    assert walk.coordinates(torch.tensor([1.0, 2.0, 3.0])) == "z = (1.00, 2.00, ...)"
