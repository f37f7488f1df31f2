"""Percentile grids, the manifold's orientation, and the counts of what lives where."""

import pytest
import torch
from scipy.stats import norm
from torch import nn
from torchvision.utils import make_grid

from vaehelpers import latent
from vaehelpers.model import seeded_vae


def test_percentiles_are_midpoints():
    assert latent.percentiles(4).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert latent.percentiles(1).tolist() == [0.5]
    with pytest.raises(ValueError, match="at least 1, got 0"):
        latent.percentiles(0)


def test_ppf_inverts_the_cdf_and_is_symmetric():
    z = latent.ppf(latent.percentiles(20))
    torch.testing.assert_close(
        torch.as_tensor(norm.cdf(z)), latent.percentiles(20), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(z, -z.flip(0))


class Position(nn.Module):
    """A decoder whose mean level is 15 where z1 > 0 in the left half of the picture, z2 > 0 in the right half."""

    def __init__(self):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        on = torch.cat(
            [(z[:, :1] > 0).float().expand(-1, 14), (z[:, 1:] > 0).float().expand(-1, 14)], 1
        )
        logits = torch.full((len(z), 16, 28, 28), -1e4)
        logits[:, 0] = (1 - on[:, None, :]) * 2e4 - 1e4
        logits[:, 15] = on[:, None, :] * 2e4 - 1e4
        return logits


def test_z1_grows_rightwards_and_z2_upwards():
    picture = latent.visualize_manifold(Position(), 2)
    assert picture.shape == (1, 56, 56)
    cell = picture[0].view(2, 28, 2, 28).permute(0, 2, 1, 3)  # [row, column, 28, 28]
    z1_on, z2_on = cell[..., :14].mean((2, 3)), cell[..., 14:].mean((2, 3))
    assert z1_on.tolist() == [[0, 1], [0, 1]]
    assert z2_on.tolist() == [[1, 1], [0, 0]]


def test_manifold_shows_means_not_samples():
    decoder = seeded_vae(0, z_dim=2).decoder
    assert torch.equal(*(latent.visualize_manifold(decoder, 3) for _ in range(2)))


def test_counts_equal_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    codes, labels = (
        torch.randn(300, 2, generator=generator),
        torch.randint(0, 10, (300,), generator=generator),
    )
    by_hand = torch.zeros(5, 5, 10, dtype=torch.long)
    for (z1, z2), label in zip(codes.tolist(), labels.tolist(), strict=True):
        by_hand[4 - int(norm.cdf(z2) * 5), int(norm.cdf(z1) * 5), label] += 1
    assert torch.equal(latent.class_counts(codes, labels, 5), by_hand)


def test_far_codes_fall_into_the_rim():
    counts = latent.class_counts(
        torch.tensor([[50.0, 50.0], [-50.0, -50.0]]), torch.tensor([3, 4]), 4
    )
    assert counts[0, 3, 3] == counts[3, 0, 4] == 1
    assert counts.sum() == 2


def test_encode_equals_the_encoder():
    model, images = seeded_vae(0, z_dim=3), torch.randint(0, 16, (25, 1, 28, 28))
    mean, log_std = latent.encode(model, images, batch_size=10)
    torch.testing.assert_close((mean, log_std), tuple(t.detach() for t in model.encoder(images)))


def test_tile_puts_pictures_in_reading_order():
    pictures = torch.arange(6).float().view(6, 1, 1, 1).expand(6, 1, 2, 3)
    tiled = latent.tile(pictures, 3)
    assert tiled.shape == (1, 4, 9)
    assert tiled[0, ::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tile_agrees_with_torchvision():
    pictures = torch.randint(1, 16, (7, 1, 5, 4))
    padded = make_grid(pictures, nrow=3, padding=2)[
        :1
    ]  # torchvision pads before the first picture too
    ours = latent.tile(pictures, 3, padding=2)
    assert torch.equal(ours, padded[:, 2:, 2:])
