"""The explorer: a pure render function, and sliders that redraw through it."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vaehelpers import explore
from vaehelpers.model import mean_levels, seeded_vae


@pytest.fixture(scope="module")
def model():
    """A two-latent model with weights large enough that pictures differ."""
    model = seeded_vae(0, z_dim=2)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(3)
    return model


def test_picture_is_the_decoder_mean(model):
    png = explore.picture(model, [0.5, -1.0], scale=3)
    grey = np.array(Image.open(io.BytesIO(png)))
    with torch.no_grad():
        expected = mean_levels(model.decoder(torch.tensor([[0.5, -1.0]])))[0, 0] / 15 * 255
    assert grey.shape == (84, 84)
    assert abs(grey[1::3, 1::3] - expected.numpy()).max() <= 0.51
    assert png == explore.picture(model, [0.5, -1.0], scale=3)


def test_sliders_redraw(model):
    explorer = explore.latent_explorer(model)
    canvas, panel = explorer.children
    horizontal, vertical, where = panel.children
    assert canvas.value == explore.picture(model, [0.0, 0.0])
    horizontal.value, vertical.value = 97.5, 2.5
    assert canvas.value == explore.picture(model, [1.959963984540054, -1.959963984540054])
    assert where.value == "z = (+1.96, -1.96)"


def test_other_latent_sizes_are_refused():
    with pytest.raises(ValueError, match="z_dim=2, got z_dim=3"):
        explore.latent_explorer(seeded_vae(0, z_dim=3))
