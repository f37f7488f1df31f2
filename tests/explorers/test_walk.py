"""Walks: where sliders lead, and what the kernel draws there."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vaehelpers import latent, walk
from vaehelpers.model import mean_levels, seeded_vae


def lively(z_dim):
    """A model with weights large enough that pictures differ."""
    model = seeded_vae(0, z_dim=z_dim)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


@pytest.fixture(scope="module")
def flat():
    """A walk over two latents."""
    return walk.over_prior(lively(2))


def test_percentiles_become_latents(flat):
    torch.testing.assert_close(flat.latents([97.5, 50]), torch.tensor([1.959964, 0.0]))
    assert flat.start == (50, 50)
    assert flat.latents(flat.start).tolist() == [0, 0]
    assert flat.labels == ("z1 [%]", "z2 [%]")


def test_over_prior_wants_two_latents():
    with pytest.raises(ValueError, match="z_dim=2, got z_dim=3"):
        walk.over_prior(seeded_vae(0, z_dim=3))


def test_sliders_and_origin_lead_back_to_any_latent(flat, drawn):
    images = drawn.test.images[:50]
    for path in (flat, walk.over_active(lively(5), images, count=2)):
        for z in 3 * torch.randn(10, len(path.origin), generator=torch.Generator().manual_seed(0)):
            values, origin = path.through(z)
            assert all(path.low <= value <= path.high for value in values)
            torch.testing.assert_close(path.latents(values, origin), z)
            assert values == pytest.approx([round(v / path.step) * path.step for v in values])
    values, origin = flat.through(torch.tensor([0.5, -0.5]))
    assert values == [69, 31]
    assert origin.abs().max() < 0.02  # only what lies between two steps


def test_the_most_active_latents_come_first(drawn):
    model = seeded_vae(0, z_dim=5)
    with torch.no_grad():
        model.encoder.mean.bias.copy_(torch.tensor([0.0, 3.0, 0.0, 0.0, -2.0]))
    path = walk.over_active(model, drawn.test.images[:20], count=2)
    assert path.directions.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert [label.split()[0] for label in path.labels] == ["z2", "z5"]
    assert float(path.labels[0].split("(")[1].split()[0]) == pytest.approx(
        4.5, abs=0.2
    )  # 3^2 / 2 nats


def test_between_goes_from_one_code_to_the_other(drawn):
    model, images = lively(3), drawn.test.images[:2]
    path = walk.between(model, *images)
    codes, _ = latent.encode(model, images)
    torch.testing.assert_close(path.latents([0]), codes[0])
    torch.testing.assert_close(path.latents([1]), codes[1])
    torch.testing.assert_close(path.latents([0.5]), codes.mean(0))


def test_views_of_one_pixel():
    p = torch.zeros(16, 28, 28)
    p[2], p[5], p[11] = 0.5, 0.2, 0.3
    assert walk.levels(p, "mode").eq(2).all()
    torch.testing.assert_close(
        walk.levels(p, "mean"), torch.full((28, 28), 0.5 * 2 + 0.2 * 5 + 0.3 * 11)
    )
    sample = walk.levels(p, "sample")
    u = walk.noise()
    assert sample[u < 0.5].eq(2).all()
    assert sample[(u > 0.5) & (u < 0.7)].eq(5).all()
    assert sample[u > 0.7].eq(11).all()
    assert walk.greys(p, "mode")[0, 0] == round(2 / 15 * 255)


def test_frame_shows_map_picture_and_chances(flat):
    chart, z = walk.chart_bytes(flat), flat.latents([80, 30])
    png = walk.frame(flat, [80, 30], flat.origin, "mean", (3, 20), chart)
    shown = np.array(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert shown.shape == (280, 290 + 290 + 138, 3)
    ink = np.abs(shown - [0xD5, 0x5E, 0x00]).sum(-1) == 0
    rows, columns = np.nonzero(ink[:, :285])
    assert (rows.mean(), columns.mean()) == pytest.approx(
        (0.7 * 280, 0.8 * 280), abs=2
    )  # z2 grows upwards
    rows, columns = np.nonzero(ink[:, 290:570])
    assert (rows.mean(), columns.mean()) == pytest.approx((34.5, 204.5), abs=1)
    with torch.no_grad():
        expected = mean_levels(flat.model.decoder(z[None]))[0, 0] / 15 * 255
    picture = shown[5::10, 295:570:10, 0]
    away = np.ones((28, 28), bool)
    away[2:5, 19:22] = False
    assert (
        np.abs(picture - expected.numpy())[away].max() <= 1.01
    )  # 255 is the ink, so that white is 254
    p = walk.chances(flat.model, z)[:, 3, 20]
    heights = (shown[:, 580:708:8, 0] == 100).sum(0)
    assert heights == pytest.approx(280 * p.numpy(), abs=1)


def test_a_walk_without_a_map_has_a_narrower_frame(drawn):
    path = walk.between(lively(3), *drawn.test.images[:2])
    assert walk.chart_bytes(path) is None
    png = walk.frame(path, [0.5], path.origin, "sample", (0, 0))
    assert Image.open(io.BytesIO(png)).size == (290 + 138, 280)
    assert png == walk.frame(path, [0.5], path.origin, "sample", (0, 0)), "the same noise each time"


def test_coordinates():
    assert walk.coordinates(torch.tensor([1.0, -0.456])) == "z = (1.00, -0.46)"
    assert walk.coordinates(torch.tensor([1.0, 2.0, 3.0])) == "z = (1.00, 2.00, ...)"
