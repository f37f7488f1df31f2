"""Pictures pixel for pixel: what is saved is what was given, as wide as was asked for."""

import io
import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from vaehelpers.figures import grid
from vaehelpers.vae.latent import tile

matplotlib.use("agg")


pytestmark = pytest.mark.usefixtures("house_style")


def saved(fig) -> np.ndarray:
    """Return the grey values `[H,W]` of a figure as a notebook saves it."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    return np.array(Image.open(buffer).convert("L")).astype(int)


def test_pictures_in_rows_carry_their_titles():
    picture = torch.rand(1, 56, 56)
    fig = grid.image_rows({"one": picture, "two": picture, "three": picture}, 2, scale=3)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["one", "two", "three"]
    assert all(np.array_equal(ax.images[0].get_array(), picture[0]) for ax in fig.axes)
    first, second, third = (ax.get_position() for ax in fig.axes)
    assert first.x1 < second.x0
    assert first.y0 == second.y0 > third.y1
    assert saved(fig).shape[0] > 2 * 3 * 56


def test_values_run_from_black_to_high():
    dark = torch.tensor([[[0.0, 15.0]]])
    (ax,) = grid.image_rows({"": dark}, 1, scale=1, high=15).axes
    assert ax.images[0].get_clim() == (0, 15)


def test_pixels_are_drawn_evenly():
    checks = (torch.arange(28).view(1, -1, 1) + torch.arange(28)) % 2
    png = saved(grid.image_rows({"": checks, " ": checks}, 2, scale=4))
    dark = png == 0
    top = dark.any(axis=1).argmax()
    left = dark.any(axis=0).argmax()
    first = png[top : top + 112, left : left + 112]
    assert np.array_equal(first, 255 * np.kron(checks[0].numpy(), np.ones((4, 4), int)))


def test_pixel_axes_cover_the_pixels_they_name():
    fig = grid.pixel_figure(200, 100)
    ax = grid.pixel_axes(fig, 20, 30, 40, 50)
    corners = itertools.chain(*ax.get_window_extent().get_points().tolist())
    assert list(corners) == pytest.approx([20, 30, 60, 80])


def test_pictures_are_drawn_pixel_for_pixel_in_any_style():
    for style in ("default", "vaehelpers.figures.style"):
        with plt.style.context(style):
            fig = grid.pixel_figure(300, 200)
            assert tuple(fig.get_size_inches() * fig.dpi) == pytest.approx((300, 200))
            plt.close(fig)


def test_lines_go_between_images_and_change_none():
    images = torch.randint(16, (2, 6, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    tiled = torch.stack([tile(each, columns=3)[0] for each in images])
    lined = grid.with_lines(tiled.numpy())
    assert lined.shape == (2, 2 * 29, 3 * 29)
    assert (lined[1, 29:57, 58:86] == images[1, 5, 0].numpy()).all()
    assert (lined[:, 28::29] == 7).all()
    assert (lined[:, :, 28::29] == 7).all()
