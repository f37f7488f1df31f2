"""Frames: what the kernel draws at a place in latent space."""

import io

import numpy as np
import pytest
import torch
from conftest import lively
from PIL import Image

from vaehelpers.explorers import frames, walk
from vaehelpers.vae.networks import mean_levels

ORANGE = [0xD5, 0x5E, 0x00]


def test_views_of_one_pixel():
    p = torch.zeros(16, 28, 28)
    p[2], p[5], p[11] = 0.5, 0.2, 0.3
    assert frames.levels(p, "mode").eq(2).all()
    mean = torch.full((28, 28), 0.5 * 2 + 0.2 * 5 + 0.3 * 11)
    torch.testing.assert_close(frames.levels(p, "mean"), mean)
    sample = frames.levels(p, "sample")
    u = frames.noise()
    assert sample[u < 0.5].eq(2).all()
    assert sample[(u > 0.5) & (u < 0.7)].eq(5).all()
    assert sample[u > 0.7].eq(11).all()
    assert frames.greys(p, "mode")[0, 0] == round(2 / 15 * 255)


def middle_of_ink(colours) -> tuple[float, float]:
    """Return the mean row and column of what is drawn in the colour of marks."""
    rows, columns = np.nonzero((colours == ORANGE).all(-1))
    return rows.mean(), columns.mean()


def test_frame_shows_map_picture_and_chances(flat_walk):
    z = flat_walk.latents([80, 30])
    png = frames.frame(
        flat_walk, [80, 30], flat_walk.origin, "mean", (3, 20), frames.chart_bytes(flat_walk)
    )
    shown = np.array(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert shown.shape == (280, 290 + 290 + 138, 3)

    # The marker on the map: z2 grows upwards.
    assert middle_of_ink(shown[:, :285]) == pytest.approx((0.7 * 280, 0.8 * 280), abs=2)
    # The mark around the pixel.
    assert middle_of_ink(shown[:, 290:570]) == pytest.approx((34.5, 204.5), abs=1)

    with torch.no_grad():
        expected = mean_levels(flat_walk.model.decoder(z[None]))[0, 0].numpy() / 15 * 255
    picture = shown[5::10, 295:570:10, 0]
    apart = np.abs(picture - expected)
    apart[2:5, 19:22] = 0  # under the mark
    assert apart.max() <= 1.01  # 255 is the ink, so that white is 254

    p = frames.chances(flat_walk.model, z)[:, 3, 20]
    heights = (shown[:, 580:708:8, 0] == 100).sum(0)
    assert heights == pytest.approx(280 * p.numpy(), abs=1)


def test_a_walk_without_a_map_has_a_narrower_frame(drawn):
    path = walk.between(lively(3), *drawn.test.images[:2])
    assert frames.chart_bytes(path) is None
    assert frames.chart_png(path) == b""
    png = frames.frame(path, [0.5], path.origin, "sample", (0, 0))
    assert Image.open(io.BytesIO(png)).size == (290 + 138, 280)
    again = frames.frame(path, [0.5], path.origin, "sample", (0, 0))
    assert png == again, "the same noise each time"


def test_the_map_is_as_large_as_the_picture(flat_walk):
    chart = frames.chart_bytes(flat_walk)
    assert chart.shape == (frames.SIDE, frames.SIDE)


def test_a_page_gets_the_map_pixel_for_pixel_in_16_greys(flat_walk):
    png = Image.open(io.BytesIO(frames.chart_png(flat_walk)))
    shown = np.array(png.convert("L")) / 255
    assert np.abs(shown - flat_walk.chart[0].numpy()).max() <= 0.5 / 15 + 1e-6
